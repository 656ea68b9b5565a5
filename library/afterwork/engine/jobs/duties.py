"""Small duties that every worker and gateway shares: reap and sweep, jittered and idempotent, without a leader."""

import asyncio
import random
from types import TracebackType
from typing import Self

import structlog

from afterwork import errors
from afterwork.engine import keys
from afterwork.engine.jobs.client import JobClient
from afterwork.engine.tasks import end

logger = structlog.get_logger()


class Duties:
    """Runs in the background between enter and exit.

    lease: seconds, as the workers have it; they come around about every quarter of it, well within the half
    of a lease after which silence counts as an outage (`lua/parts/time.lua`, hear).
    max_finished: ended jobs that are kept, at most.
    """

    def __init__(self, client: JobClient, *, lease: float, max_finished: int = keys.MAX_FINISHED) -> None:
        self._client = client
        self._lease = lease
        self._max_finished = max_finished
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await end([self._task])

    async def _run(self) -> None:
        is_away = False
        while True:
            await asyncio.sleep(self._lease / 4 * random.uniform(0.7, 1.3))  # noqa: S311 - jitter, no secret
            try:
                await self._do_all()
            except errors.UnavailableError as error:
                if not is_away:
                    logger.warning("duties wait for Redis", detail=error.detail)
                is_away = True
            except Exception:  # whatever it is, the duties come around again
                logger.exception("a duty failed")
            else:
                is_away = False

    async def _do_all(self) -> None:
        while await self._client.reap(self._lease) >= keys.BATCH_JOBS:
            pass
        while await self._client.sweep(self._max_finished) >= keys.SWEEP_JOBS:
            pass
