"""Workers of ours in the loop of a test, for as long as a block."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from afterwork.arq import ArqRedis, Job, Worker, func
from afterwork.arq.connections import RedisSettings

Context = dict[Any, Any]
Work = Callable[..., Awaitable[Any]]


def named(work: Any) -> Any:  # noqa: ANN401 - whatever `functions` takes
    """A function by its own name, also if it stands within a test."""
    return func(work, name=work.__name__) if callable(work) else work


def worker(settings: RedisSettings, *functions: Any, **options: Any) -> Worker:  # noqa: ANN401 - ARQ's own
    """One that leaves signals alone."""
    return Worker(list(map(named, functions)), redis_settings=settings, handle_signals=False, **options)


@asynccontextmanager
async def working(settings: RedisSettings, *functions: Any, **options: Any) -> AsyncIterator[Worker]:  # noqa: ANN401
    """It ends with the block, and so does what it runs."""
    started = worker(settings, *functions, **options)
    task = asyncio.create_task(started.async_run())
    try:
        yield started
    finally:
        await started.close()
        await task


async def burst(settings: RedisSettings, *functions: Any, **options: Any) -> Worker:  # noqa: ANN401
    """Work until the queue is empty; the worker tells what it has counted."""
    done = worker(settings, *functions, burst=True, **options)
    try:
        await done.async_run()
    finally:
        await done.close()
    return done


async def enqueued(pool: ArqRedis, function: str, *args: Any, **options: Any) -> Job:  # noqa: ANN401 - as `enqueue_job`
    """A new job."""
    job = await pool.enqueue_job(function, *args, **options)
    assert job is not None
    return job


async def traces(pool: ArqRedis, key: str) -> list[str]:
    """The lines of a list in Redis."""
    lines: Any = await cast(Awaitable[Any], pool.lrange(key, 0, -1))
    return [line.decode() for line in lines]
