"""What was measured, and how medians, spreads and ratios are made of it."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from tests.bench.engine.stage import Drained, Sent

OURS, BULLMQ, ARQ, ARQ_TUNED = "Afterwork", "BullMQ", "arq", "arq tuned"
BACKGROUND_TASKS = "BackgroundTasks"
NOTHING = "nothing was measured"


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some rounds, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Raises ValueError without any value."""
        if not values:
            raise ValueError(NOTHING)
        return cls(statistics.median(values), min(values), max(values))

    @classmethod
    def ratio(cls, ours: Sequence[float], theirs: Sequence[float]) -> Self:
        """The ratio of both medians, and the lowest and highest ratio of what ran in the same round."""
        rounds = [one / other for one, other in zip(ours, theirs, strict=False)]
        if not rounds:
            raise ValueError(NOTHING)
        middle = statistics.median(ours) / statistics.median(theirs)
        return cls(middle, min(*rounds, middle), max(*rounds, middle))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all does not exceed (nearest rank). Raises ValueError without any."""
    ranked = sorted(values)
    if not ranked:
        raise ValueError(NOTHING)
    rank = max(1, -(-len(ranked) * round(share * 1000) // 1000))
    return ranked[rank - 1]


@dataclass(frozen=True, slots=True)
class Round:
    """One engine filled and drained once. sent: by way. queued, finished: bytes of Redis per job."""

    sent: Mapping[str, Sent]
    drained: Drained
    queued: float
    finished: float


@dataclass(frozen=True, slots=True)
class Posted:
    """Requests of one run. rate: answers per second. p50, p99: milliseconds to the answer."""

    rate: float
    p50: float
    p99: float


@dataclass(slots=True)
class Found:
    """All that one run has measured; what could not be is not there.

    missing: name of a peer → why. rounds, logged: by engine. workers: engine → processes → rounds. depths: jobs
    queued → rounds. pickups: milliseconds by engine. waits: milliseconds. crashes: seconds.
    closed: requests as fast as they are answered; steady: at `rate` requests per second.
    """

    missing: dict[str, str] = field(default_factory=dict)
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    logged: dict[str, list[Drained]] = field(default_factory=dict)
    workers: dict[str, dict[int, list[Drained]]] = field(default_factory=dict)
    depths: dict[int, list[Drained]] = field(default_factory=dict)
    pickups: dict[str, list[float]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    crashes: list[float] = field(default_factory=list)
    closed: dict[str, list[Posted]] = field(default_factory=dict)
    steady: dict[str, list[Posted]] = field(default_factory=dict)
    steady_rate: float = 0.0

    def drained(self, engine: str) -> list[float]:
        """Jobs per second of each round."""
        return [one.drained.rate for one in self.rounds.get(engine, [])]

    def enqueued(self, engine: str, way: str) -> list[float]:
        """Jobs per second of each round."""
        return [one.sent[way].rate for one in self.rounds.get(engine, []) if way in one.sent]
