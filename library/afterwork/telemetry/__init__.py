"""What the processes say about themselves: logs, and the queues as metrics."""

from afterwork.telemetry.gauges import queue_gauges
from afterwork.telemetry.logs import configure_logging

__all__ = ["configure_logging", "queue_gauges"]
