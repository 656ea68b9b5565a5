"""Prometheus metrics of a worker service: its own attempts, and the state of the queues when it is scraped."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from afterwork.contracts import QueueOverview
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.observer import Observer
from afterwork.engine.work.outcome import Outcome
from afterwork.telemetry import queue_gauges

BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200)
"""Upper bounds in seconds: jobs take from a millisecond to hours."""


class WorkerMetrics(Observer):
    """Counts attempts and what disturbs them. `loop_lag`: seconds the event loop is late, by whoever watches it."""

    def __init__(self, registry: CollectorRegistry, queue: str) -> None:
        self._attempts = Counter(
            "afterwork_attempts", "Attempts ended, by how", ["queue", "kind", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "afterwork_attempt_duration_seconds",
            "Duration of attempts",
            ["queue", "kind"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._lost = Counter(
            "afterwork_leases_lost", "Leases lost while a job ran", ["queue", "kind"], registry=registry
        )
        self._blocks = Counter(
            "afterwork_loop_blocks",
            "Blocks of the event loop of more than a second, by the kind of the job that made them",
            ["queue", "kind"],
            registry=registry,
        )
        self._left_behind = Gauge(
            "afterwork_attempts_left_behind",
            "Attempts that have ended while their handler goes on; each keeps a slot",
            ["queue", "kind"],
            registry=registry,
        )
        self.loop_lag = Gauge("afterwork_loop_lag_seconds", "How late the event loop is", registry=registry)
        self._queue = queue
        self._found: dict[tuple[str, type[Outcome]], tuple[Counter, Histogram]] = {}

    def ended(self, claim: Claim, outcome: Outcome, seconds: float) -> None:
        """Count the attempt and its duration."""
        count, durations = self._of(claim.kind, type(outcome))
        count.inc()
        durations.observe(seconds)

    def _of(self, kind: str, outcome: type[Outcome]) -> tuple[Counter, Histogram]:
        """Looked up once: `labels` takes longer than to count."""
        found = self._found.get((kind, outcome))
        if found is None:
            count = self._attempts.labels(self._queue, kind, outcome.__name__.lower())
            found = self._found[kind, outcome] = count, self._seconds.labels(self._queue, kind)
        return found

    def lost(self, claim: Claim) -> None:
        """Count the lost lease."""
        self._lost.labels(self._queue, claim.kind).inc()

    def blocked(self, kind: str) -> None:
        """Count the block; without a kind it was no job."""
        self._blocks.labels(self._queue, kind).inc()

    def left_behind(self, claim: Claim) -> None:
        """One more handler that nothing can stop."""
        self._left_behind.labels(self._queue, claim.kind).inc()

    def returned(self, claim: Claim) -> None:
        """One less."""
        self._left_behind.labels(self._queue, claim.kind).dec()


class QueueCollector(Collector):
    """Reads the queues at each scrape. read: returns None when Redis cannot be used, and the gauges are left out."""

    def __init__(self, read: Callable[[], list[QueueOverview] | None]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """One gauge per count, labelled by queue and kind."""
        overview = self._read()
        yield GaugeMetricFamily(
            "afterwork_redis_up", "Whether Redis answers", value=int(overview is not None)
        )
        if overview is None:
            return
        yield from queue_gauges(overview)
