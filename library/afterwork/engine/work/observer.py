"""What the engine reports while it works; the service runner turns it into metrics."""

from afterwork.engine.work.claims import Claim
from afterwork.engine.work.outcome import Outcome


class Observer:
    """Hears of every attempt. This one does nothing; none of its methods may raise or block."""

    def started(self, claim: Claim) -> None:
        """An attempt begins."""

    def ended(self, claim: Claim, outcome: Outcome, seconds: float) -> None:
        """An attempt has ended after so many seconds."""

    def lost(self, claim: Claim) -> None:
        """Its lease was lost: another worker may have the job."""

    def blocked(self, kind: str) -> None:
        """A job of this kind blocks the event loop; empty: something else does. Called from a thread."""

    def left_behind(self, claim: Claim) -> None:
        """The attempt has ended, but its handler goes on."""

    def returned(self, claim: Claim) -> None:
        """The handler that was left behind has returned."""
