"""When a failed attempt is repeated: exponential backoff with full jitter, capped.

Full jitter: a uniform draw from zero to the exponential bound, which spreads clients that failed together
(M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """base: bound of the first delay in seconds, doubled by each further attempt. cap: the greatest bound."""

    base: float = 2.0
    cap: float = 600.0
    draw: Callable[[], float] = random.random

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the failure of this attempt, counted from 1."""
        doublings = min(attempt - 1, 60)
        return float(self.draw() * min(self.cap, self.base * 2**doublings))
