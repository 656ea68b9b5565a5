"""What Prometheus reads: this gateway's requests, and all queues as they are at the moment of the scrape."""

from collections.abc import Iterator, Sequence
from functools import cache
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterwork.contracts import Ledger, QueueOverview
from afterwork.engine import JobClient
from afterwork.errors import AfterworkError
from afterwork.telemetry import queue_gauges

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 60)
_CLIENT_GONE = 499
"""Counted as the status of a request whose client left before its answer (nginx's convention)."""


class RequestCounts:
    """Numbers and durations of requests by method, route template and status; each bounded in its values."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._total = Counter("afterwork_http_requests", "Requests answered.", labels, registry=self.registry)
        self._duration = Histogram(
            "afterwork_http_request_duration_seconds",
            "From the request's head to the end of its answer.",
            labels,
            buckets=_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        self._labelled = cache(self._label)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one request whose answer is complete."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        total, duration = self._labelled(method, route, status)
        total.inc()
        duration.observe(seconds)

    def _label(self, *values: str | int) -> tuple[Counter, Histogram]:
        return self._total.labels(*values), self._duration.labels(*values)


class CountedRequests:
    """ASGI middleware that counts every request."""

    def __init__(self, app: ASGIApp, *, counts: RequestCounts) -> None:
        self.app = app
        self.counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), _CLIENT_GONE

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, observed_send)
        finally:
            self.counts.count(scope, status, perf_counter() - began)


async def exposition(counts: RequestCounts, client: JobClient) -> bytes:
    """Everything in Prometheus' text format. If Redis is away, the queues are missing and the rest is there."""
    try:
        ledger, queues = await client.ledger(), await client.queues()
    except AfterworkError:
        ledger, queues = None, []
    snapshot = CollectorRegistry()
    snapshot.register(_Snapshot(ledger, queues))
    return generate_latest(counts.registry) + generate_latest(snapshot)


class _Snapshot(Collector):
    def __init__(self, ledger: Ledger | None, queues: Sequence[QueueOverview]) -> None:
        self._ledger = ledger
        self._queues = queues

    def collect(self) -> Iterator[Metric]:
        """Ledger and queues as gauges."""
        up = "Whether Redis answered this scrape; if not, the gauges of the queues are missing."
        yield GaugeMetricFamily("afterwork_redis_up", up, value=int(self._ledger is not None))
        if self._ledger is None:
            return
        imbalance = "Jobs lost or doubled according to the ledger; anything but 0 is a fault."
        yield GaugeMetricFamily("afterwork_ledger_imbalance", imbalance, value=self._ledger.imbalance)
        yield from queue_gauges(list(self._queues))
