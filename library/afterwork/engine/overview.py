"""Reading the queues from a thread, for metrics and readiness, apart from the worker's own connections."""

from afterwork.contracts import QueueOverview
from afterwork.engine import connection, records, scripts


class QueueReader:
    """A thread-safe reader. Both methods raise QueueUnavailable within seconds if Redis cannot be used."""

    def __init__(self, url: str) -> None:
        self._redis = connection.connect_sync(url)

    def read(self) -> list[QueueOverview]:
        """What waits and runs."""
        with connection.told_apart():
            return records.queues_from(scripts.call_sync(self._redis, scripts.script("queues")))

    def ping(self) -> None:
        """Whether Redis answers."""
        with connection.told_apart():
            self._redis.ping()
