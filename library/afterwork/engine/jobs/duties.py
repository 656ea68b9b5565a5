"""Small duties that every worker and gateway shares, jittered and idempotent, without a leader.

Reap, mend, sweep, and look for workers that have died.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog

from afterwork import errors
from afterwork.engine import keys
from afterwork.engine.jobs.client import JobClient
from afterwork.engine.jobs.presence import Presence
from afterwork.engine.jobs.workers import WorkerName
from afterwork.engine.tasks import end

logger = structlog.get_logger()

LOOK = 0.7
"""Seconds between two looks at who is there, about."""


class Duties:
    """Runs in the background between enter and exit.

    lease: seconds, as the workers have it; they come around about every quarter of it, well within the half
    of a lease after which silence counts as an outage (`lua/parts/time.lua`, hear).
    max_finished: ended jobs that are kept, at most. own: the worker in this process, if there is one.
    """

    def __init__(
        self,
        client: JobClient,
        *,
        lease: float,
        max_finished: int = keys.MAX_FINISHED,
        own: WorkerName | None = None,
    ) -> None:
        self._client = client
        self._lease = lease
        self._max_finished = max_finished
        self._presence = Presence(client, lease=lease, own=own)
        self._broken: set[bytes] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(_come_around(self._clear_up, self._lease / 4, at_once=False)),
            asyncio.create_task(_come_around(self._presence.look, LOOK, at_once=True)),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await end(self._tasks)

    async def _clear_up(self) -> None:
        while await self._client.reap(self._lease) >= keys.BATCH_JOBS:
            pass
        await self._mend()
        while await self._client.sweep(self._max_finished) >= keys.SWEEP_JOBS:
            pass

    async def _mend(self) -> None:
        looked, broken = await self._client.mend()
        self._tell(broken)
        while looked >= keys.BATCH_JOBS:
            looked, _ = await self._client.mend()

    def _tell(self, broken: set[bytes]) -> None:
        """Say each key once; of records nobody hears that they are well again."""
        for key in sorted(broken - self._broken):
            logger.error(
                "a key holds something else than Afterwork keeps there, delete it",
                key=key[:200].decode(errors="backslashreplace"),
            )
        records = {key for key in self._broken if key.startswith(keys.JOB.encode())}
        self._broken = broken | set(itertools.islice(records, keys.LIST_CANDIDATES))


async def _come_around(duty: Callable[[], Awaitable[None]], seconds: float, *, at_once: bool) -> None:
    """Do it every so many seconds, about. at_once: the first time now."""
    is_away, pause = False, 0.0 if at_once else seconds
    while True:
        await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311 - jitter, no secret
        pause = seconds
        try:
            await duty()
        except errors.UnavailableError as error:
            if not is_away:
                logger.warning("duties wait for Redis", detail=error.detail)
            is_away = True
        except Exception:  # whatever it is, the duties come around again
            logger.exception("a duty failed")
        else:
            is_away = False
