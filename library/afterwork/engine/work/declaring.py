"""What a worker says of its kinds before it claims any job."""

import asyncio
from collections.abc import Callable

import structlog

from afterwork import errors
from afterwork.engine.jobs.client import JobClient
from afterwork.engine.patience import pause
from afterwork.engine.work.router import JobRouter

logger = structlog.get_logger()


async def declare(client: JobClient, router: JobRouter, is_over: Callable[[], bool]) -> None:
    """Declare the router's kinds and their limits, however long Redis is away, unless it is over before."""
    failures = 0
    while not is_over():
        try:
            await client.declare(router.queue, [contract.meta for contract in router.kinds.values()])
        except errors.UnavailableError as error:
            failures += 1
            if failures == 1:
                logger.warning("worker waits for Redis", detail=error.detail)
            await asyncio.sleep(pause(failures))
        else:
            return
