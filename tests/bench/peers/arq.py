"""ARQ 0.28 as it comes, but for the concurrency; or, with BENCH_TUNED, with the public options that make it faster."""

import asyncio
import logging.config
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import uvloop
from arq.connections import RedisSettings, create_pool
from arq.logs import default_log_config
from arq.typing import WorkerCoroutine
from arq.worker import Worker
from tests.bench.peers import program

TUNED = {"poll_delay": 0.005, "queue_read_limit": 5000}


async def noop(_context: dict[str, Any], sent: int) -> None:
    """The job."""
    await program.noop(sent)


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """ARQ has no call for several jobs."""
    pool = await create_pool(RedisSettings.from_dsn(program.URL))
    yield program.Producer(lambda sent: pool.enqueue_job("noop", sent))
    await pool.aclose()


def work() -> None:
    """On uvloop, which ARQ's own command does not install."""
    log = default_log_config(verbose=False)
    log["loggers"]["arq"]["level"] = program.LOG_LEVEL
    logging.config.dictConfig(log)
    asyncio.set_event_loop(uvloop.new_event_loop())
    options: dict[str, Any] = TUNED if os.environ.get("BENCH_TUNED") else {}
    redis = RedisSettings.from_dsn(program.URL)
    Worker([cast(WorkerCoroutine, noop)], redis_settings=redis, max_jobs=program.CONCURRENCY, **options).run()


if __name__ == "__main__":
    program.main(opened, work)
