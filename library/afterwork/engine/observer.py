"""What the engine reports while it works; the service runner turns it into metrics."""

from afterwork.engine.claims import Claim
from afterwork.engine.outcome import Outcome


class Observer:
    """Hears of every attempt. This one does nothing; none of its methods may raise or block."""

    def started(self, claim: Claim) -> None:
        """An attempt begins."""

    def ended(self, claim: Claim, outcome: Outcome, seconds: float) -> None:
        """An attempt has ended after so many seconds."""

    def lost(self, claim: Claim) -> None:
        """Its lease was lost: another worker may have the job."""
