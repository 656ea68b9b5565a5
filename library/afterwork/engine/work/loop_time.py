"""Time as a job has to answer for it: what others spend by blocking the event loop is not counted."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BEAT = 0.25
"""Seconds between two beats, by which the loop shows that it runs."""
LATE = BEAT + 0.1
"""Seconds without a beat, from which on they count for whoever ran; less is the noise of a busy machine."""
PAUSED = 0.05
"""Seconds between two looks at a stopwatch that stands still, at least."""
BLOCK = 1.0
"""Seconds without a beat, from which on the loop is called blocked."""


class LoopTime:
    """Knows how long the loop was blocked, and which attempt had which share in that.

    The loop beats between `begin` and `end`; without them nothing counts as a block. A thread that looks at
    the loop tells by `note` who runs in it. All methods but those two may be called from any thread.
    now: seconds by a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._lock = threading.Lock()
        self._beat: asyncio.TimerHandle | None = None
        self._seen_at: float | None = None
        self._blocked = 0.0
        self._last_block = 0.0
        self._noted_at = 0.0
        self._noted: Stopwatch | None = None
        self._shares: dict[Stopwatch | None, float] = {}

    @property
    def blocked(self) -> float:
        """Seconds of all silences that are over and counted."""
        return self._blocked

    @property
    def last_block(self) -> float:
        """Seconds of the last silence beyond BLOCK that is over; 0 if there was none."""
        return self._last_block

    @property
    def silence(self) -> float:
        """Seconds since the last beat."""
        seen_at = self._seen_at
        return 0.0 if seen_at is None else self.now() - seen_at

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat from now on; called in the loop."""
        self._seen_at = self._noted_at = self.now()
        self._beat = loop.call_later(BEAT, self._tick, loop)

    def end(self) -> None:
        """Beat no longer, and count no blocks any more; called in the loop."""
        if self._beat is not None:
            self._beat.cancel()
        self._seen_at = None

    def note(self, running: "Stopwatch | None") -> None:
        """The attempt of this stopwatch runs in the loop now; None: no attempt does."""
        with self._lock:
            self._attribute(running, self.now())
            self._noted = running

    def settle(self) -> None:
        """The loop runs: a silence up to now that was too long is counted, with everybody's share in it."""
        with self._lock:
            if self._seen_at is None:
                return
            now = self.now()
            silence, self._seen_at = now - self._seen_at, now
            self._attribute(self._noted, now)
            shares, self._shares, self._noted = self._shares, {}, None
            if silence > BLOCK:
                self._last_block = silence
            if silence > LATE:
                self._blocked += silence
                for stopwatch, seconds in shares.items():
                    if stopwatch is not None:
                        stopwatch.add(seconds, is_short=silence <= BLOCK)

    def spent(self, stopwatch: "Stopwatch") -> float:
        """Seconds since the stopwatch was started, less those in which others blocked the loop."""
        with self._lock:
            now = self.now()
            others = self._blocked - stopwatch.blocked_before - stopwatch.own_blocks
            if self._seen_at is not None and now - self._seen_at > LATE:
                own = self._shares.get(stopwatch, 0.0)
                own += now - self._noted_at if self._noted is stopwatch else 0.0
                others += now - self._seen_at - own
            return now - stopwatch.started_at - others

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.settle()
        self._beat = loop.call_later(BEAT, self._tick, loop)

    def _attribute(self, running: "Stopwatch | None", until: float) -> None:
        self._shares[running] = self._shares.get(running, 0.0) + until - self._noted_at
        self._noted_at = until


class Stopwatch:
    """Started when it is made.

    own_blocks: seconds in which its attempt itself blocked the loop. own_short_blocks: those of them that were
    no block by itself.
    """

    __slots__ = (
        "_pauses",
        "_stands_at",
        "_time",
        "_waited",
        "blocked_before",
        "own_blocks",
        "own_short_blocks",
        "started_at",
    )

    def __init__(self, time: LoopTime) -> None:
        self._time = time
        self.started_at = time.now()
        self.blocked_before = time.blocked
        self.own_blocks = 0.0
        self.own_short_blocks = 0.0
        self._pauses = 0
        self._stands_at = 0.0
        self._waited = 0.0

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return self._pauses > 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It stands still meanwhile, because its attempt waits for its turn. In the loop; several may overlap."""
        if not self._pauses:
            self._stands_at = self.spent()
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._waited += self.spent() - self._stands_at

    def add(self, seconds: float, *, is_short: bool) -> None:
        """Its attempt has blocked the loop for so long."""
        self.own_blocks += seconds
        if is_short:
            self.own_short_blocks += seconds

    def spent(self) -> float:
        """Seconds for which its attempt has to answer."""
        return self._stands_at if self._pauses else self._time.spent(self) - self._waited


class Alarm:
    """Calls back in the loop when the stopwatch shows so many seconds, not earlier.

    After a block the loop runs overdue timers first, so each has to look at the stopwatch itself.
    """

    __slots__ = ("_at", "_callback", "_loop", "_stopwatch", "_timer")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, stopwatch: Stopwatch, at: float, callback: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._stopwatch = stopwatch
        self._at = at
        self._callback = callback
        self._timer = loop.call_later(at - stopwatch.spent(), self._look)

    def cancel(self) -> None:
        """Do not call back any more."""
        self._timer.cancel()
        self._callback = _nothing  # which may hold whoever holds this alarm

    def _look(self) -> None:
        left = self._at - self._stopwatch.spent()
        if left > 0:
            self._timer = self._loop.call_later(
                max(left, PAUSED) if self._stopwatch.is_paused else left, self._look
            )
        else:
            self._callback()


def _nothing() -> None:
    """The callback of an alarm that was cancelled."""
