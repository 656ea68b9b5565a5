"""The state of the queues as Prometheus gauges, the same from the gateway and from every worker."""

from collections.abc import Sequence

from prometheus_client.core import GaugeMetricFamily, Metric

from afterwork.contracts import QueueOverview


def queue_gauges(overview: Sequence[QueueOverview]) -> list[Metric]:
    """The state of the queues as gauges."""
    names = ("waiting", "due", "running")
    gauges = {name: _gauge(f"afterwork_jobs_{name}", f"Jobs {name}") for name in names}
    age = _gauge("afterwork_oldest_due_age_seconds", "Age of the oldest due job")
    for queue in overview:
        for counts in queue.kinds:
            for name in names:
                gauges[name].add_metric([queue.name, counts.kind], getattr(counts, name))
            age.add_metric([queue.name, counts.kind], counts.oldest_due_age or 0.0)
    return [*gauges.values(), age]


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["queue", "kind"])
