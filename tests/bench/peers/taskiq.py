"""taskiq with its broker on Redis streams, which confirms what is done, and results in Redis."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker
from tests.bench.peers import program

results: Any = RedisAsyncResultBackend(program.URL, result_ex_time=3600)
broker: Any = RedisStreamBroker(program.URL, queue_name="bench", consumer_id="0").with_result_backend(results)
noop = broker.register_task(program.noop, task_name="noop")


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """Taskiq has no call for several tasks."""
    await broker.startup()
    yield program.Producer(noop.kiq)
    await broker.shutdown()


def work() -> None:
    """Its own command, with one child process."""
    options = ["--workers=1", f"--max-async-tasks={program.CONCURRENCY}", f"--log-level={program.LOG_LEVEL}"]
    command = [sys.executable, "-m", "taskiq", "worker", "tests.bench.peers.taskiq:broker", *options]
    raise SystemExit(subprocess.call(command))


if __name__ == "__main__":
    program.main(opened, work)
