"""A worker's start: what is wrong with its server is said once each, and mended or refused before it begins."""

import asyncio

from afterwork.arq.connections import ArqRedis
from afterwork.arq.servers import engine_pool
from afterwork.arq.words import words_of
from afterwork.engine.patience import pause
from afterwork.engine.server import connection
from afterwork.engine.server.findings import WORDS
from afterwork.engine.server.watch import ServerWatch
from afterwork.engine.tasks import heeded


async def await_fit_server(pool: ArqRedis) -> None:
    """Log each finding in one line, and return when jobs can be accepted; findings of this task are in ARQ's words.

    Raises UnfitServer if no waiting will mend what is wrong.
    """
    WORDS.set(words_of(pool.connection_pool))
    redis, failures = engine_pool(pool), 0
    watch = ServerWatch(redis)
    try:
        while True:
            with heeded():
                report = await watch.begin()
            if report.is_fit:
                return
            failures += 1
            await asyncio.sleep(pause(failures))
    finally:
        await connection.close(redis)
