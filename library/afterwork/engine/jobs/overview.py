"""Reading the queues from a thread, for metrics and readiness, apart from the worker's own connections."""

from afterwork.contracts import QueueOverview
from afterwork.engine import scripts
from afterwork.engine.jobs import records
from afterwork.engine.server import connection
from afterwork.engine.server.check import ServerReport
from afterwork.engine.server.watch import ThreadServerWatch


class QueueReader:
    """A thread-safe reader, which answers within seconds. replicas: how many of them jobs are to reach."""

    def __init__(self, url: str, *, replicas: int = 0) -> None:
        self._redis = connection.connect_sync(url)
        self._watch = ThreadServerWatch(self._redis, replicas)

    def read(self) -> list[QueueOverview]:
        """What waits and runs. Raises QueueUnavailable if Redis cannot be used."""
        with connection.told_apart():
            return records.queues_from(scripts.call_sync(self._redis, scripts.script("queues")))

    def check_server(self) -> ServerReport:
        """How the server is, when a process starts. Raises UnfitServer if no waiting will make it fit."""
        return self._watch.begin()

    def server(self) -> ServerReport:
        """How the server is, at most a second old; one that is away is reported, too. Changes are logged."""
        return self._watch.report()
