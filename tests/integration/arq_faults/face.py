"""Workers of `afterwork.arq`, ARQ's face, in the loop of a test: the code of ARQ's users, with the import changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGUSR1
from typing import Any

from tests.integration.arq_faults.stock import Work
from tests.servers import RedisServer

from afterwork.arq import ArqRedis, RedisSettings, Worker, create_pool, create_worker, func
from afterwork.engine.tasks import end


@asynccontextmanager
async def connected(server: RedisServer) -> AsyncIterator[ArqRedis]:
    """A client with all defaults."""
    pool = await create_pool(RedisSettings(unix_socket_path=str(server.socket)))
    try:
        yield pool
    finally:
        await pool.aclose(close_connection_pool=True)


@asynccontextmanager
async def working(pool: ArqRedis, *functions: Work, **options: Any) -> AsyncIterator[Worker]:  # noqa: ANN401
    """One more worker in this loop, with ARQ's options; it ends with the block."""
    named = [func(function, name=getattr(function, "__name__", None)) for function in functions]
    async with running(Worker(named, redis_pool=pool, handle_signals=False, **options)) as worker:
        yield worker


@asynccontextmanager
async def worker_of(settings: object, pool: ArqRedis) -> AsyncIterator[Worker]:
    """The same by a settings class."""
    async with running(create_worker(settings, redis_pool=pool, handle_signals=False)) as worker:
        yield worker


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[Worker]:
    """Run it as long as the block lasts; fails if it has ended before."""
    task = asyncio.create_task(worker.async_run())
    try:
        yield worker
        assert not task.done(), "the worker has ended"
    finally:
        worker.handle_sig(SIGUSR1)
        await asyncio.wait([task], timeout=30)
        await end([task])
