"""Finds workers that have died long before their leases end: their processes are not connected any more."""

import time
from collections.abc import Callable

import structlog

from afterwork.engine.jobs.workers import WorkerName, Workers

logger = structlog.get_logger()

GONE_FOR = 2.0
"""Seconds for which a worker must be found gone, longer than one that lives takes to connect again."""


class Presence:
    """What one process has seen of all workers. It presumes nobody dead whom it has not seen alive.

    lease: seconds. own: the worker in this process, if there is one. now: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        workers: Workers,
        *,
        lease: float,
        own: WorkerName | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._lease = lease
        self._own = own
        self._now = now
        self._run = ""
        self._seen: set[WorkerName] = set()
        self._gone_since: dict[WorkerName, float] = {}

    async def look(self) -> None:
        """Compare with what was seen before, and take back the jobs of those that are gone for sure."""
        roll = await self._workers.call_roll(self._own)
        if roll.run != self._run:  # another server, or the same one restarted: nobody was seen there yet
            self._run = roll.run
            self._seen.clear()
        subscriptions = roll.subscriptions if roll.run else {}
        self._seen = {worker for worker in subscriptions if subscriptions[worker] or worker in self._seen}
        since = self._gone_since
        now = self._now()
        self._gone_since = {
            worker: since.get(worker, now) for worker in self._seen if not subscriptions[worker]
        }
        gone = [worker for worker, at in self._gone_since.items() if now - at >= GONE_FOR]
        if gone:
            await self._take_over(gone)

    async def _take_over(self, gone: list[WorkerName]) -> None:
        """Whoever still has any connection lives: only its subscription has broken."""
        connected = await self._workers.connected()
        for worker in gone:
            del self._gone_since[worker]
            if connected is None or worker.name in connected:
                continue
            jobs = await self._workers.mourn(worker, self._run, self._lease)
            if jobs:
                logger.warning("a worker is gone, its jobs go back", worker=worker.name, jobs=jobs)
