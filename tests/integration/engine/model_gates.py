"""What operators let start: pauses, limits, and the claims that count under a rate."""

import math
from dataclasses import dataclass

from afterwork.contracts import KindLimits
from afterwork.engine.jobs.workers import order_text

Lane = tuple[str, str]
"""Queue and kind."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether more of a kind may start. opens: when its rate allows more; None if that is not what it waits for."""

    is_open: bool
    opens: int | None = None


class ModelGates:
    """paused: queue, and kind or ''. limits: by queue and kind, as operators set them. Times in ms."""

    def __init__(self) -> None:
        self.paused: set[Lane] = set()
        self.limits: dict[Lane, KindLimits] = {}
        self._claims: dict[Lane, list[int]] = {}

    def set_limits(self, queue: str, kind: str, limits: KindLimits | None) -> None:
        """None: nothing is said any more."""
        if limits is None:
            self.limits.pop((queue, kind), None)
        else:
            self.limits[queue, kind] = limits
        if limits is None or limits.max_per_second is None:
            self._claims.pop((queue, kind), None)

    def has_any(self, queue: str, kind: str) -> bool:
        """Whether anything may hold back the kind."""
        limits = self.limits.get((queue, kind), KindLimits())
        return limits != KindLimits() or self.is_paused(queue, kind)

    def is_paused(self, queue: str, kind: str) -> bool:
        """It, or its queue."""
        return bool({(queue, ""), (queue, kind)} & self.paused)

    def look(self, queue: str, kind: str, now: int, running: int) -> Gate:
        """As a step finds it."""
        limits = self.limits.get((queue, kind), KindLimits())
        if self.is_paused(queue, kind):
            return Gate(is_open=False)
        opens = None
        if limits.max_per_second is not None:
            count, window = _window(limits.max_per_second)
            claims = [at for at in self._claims.get((queue, kind), []) if at >= now - window]
            self._claims[queue, kind] = claims
            opens = claims[0] + window + 1 if len(claims) >= count else None
        if limits.max_running is not None and running >= limits.max_running:
            return Gate(is_open=False)
        return Gate(is_open=opens is None, opens=opens)

    def passed(self, queue: str, kind: str, now: int) -> None:
        """A job of the kind was claimed."""
        if self.limits.get((queue, kind), KindLimits()).max_per_second is not None:
            self._claims.setdefault((queue, kind), []).append(now)

    def fields(self, queue: str) -> dict[str, str]:
        """What Redis holds of it."""
        paused = {
            ":".join(filter(None, ("paused", kind))): "1" for name, kind in self.paused if name == queue
        }
        limits = {
            f"operator:{kind}": order_text(limits)
            for (name, kind), limits in self.limits.items()
            if name == queue
        }
        return paused | limits


def _window(rate: float) -> tuple[int, int]:
    return (int(rate), 1000) if rate >= 1 else (1, math.ceil(1000 / rate))
