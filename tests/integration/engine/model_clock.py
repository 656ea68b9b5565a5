"""The engine's time in plain Python: it follows Redis' clock, and never goes back."""

from afterwork.engine import keys


class ModelClock:
    """raw: Redis' clock, set from outside. The rest: as in `aw:pulse`; None before it is written. All times in ms."""

    def __init__(self, raw: int) -> None:
        self.raw = raw
        self.last: int | None = None
        self.ahead: int | None = None
        self.since: int | None = None
        self.lease: int | None = None
        self.heard: int | None = None
        self.holds: int | None = None

    @property
    def now(self) -> int:
        """The engine's time."""
        ahead, last = self.ahead or 0, self.last or 0
        at = self.raw + ahead
        if ahead and at - last >= (self.lease or 0) / 2:
            return max(self.raw, last)
        if ahead:
            at -= min(ahead, max(0, at - (self.since or 0)) // keys.CLOCK_SLEW)
        return max(at, last)

    def advance(self, raw: int, *, is_heard: bool) -> None:
        """Redis' clock shows `raw`. is_heard: others were heard all the time until then."""
        self.raw = raw
        if is_heard and raw + (self.ahead or 0) > (self.last or 0):
            self.last = self.heard = raw + (self.ahead or 0)

    def tick(self) -> None:
        """Something is written now."""
        self._write(self.now)

    def hear(self, lease: int) -> None:
        """Somebody is heard now."""
        self.lease = lease
        at = self.now
        if self.heard is not None and max(at, self.raw + (self.ahead or 0)) - self.heard >= lease / 2:
            self.holds = at + lease
        self.heard, self.holds = at, self.holds or 0
        self._write(at)

    def _write(self, at: int) -> None:
        self.last = at
        if at - self.raw != (self.ahead or 0):
            self.ahead, self.since = at - self.raw, at
