"""Dramatiq: threads, a list and a hash of messages. It keeps no results by itself."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from tests.bench.peers import program

THREADS = 8
"""Its default; a hundred threads are slower, as only one of them runs at a time."""

broker: Any = RedisBroker(url=program.URL)
dramatiq.set_broker(broker)


def _noop(sent: int) -> None:
    if sent:
        program.note(sent)


noop: Any = dramatiq.actor(_noop, actor_name="noop", queue_name="bench")


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """Its client blocks, so there is nothing concurrent about it."""

    async def one(sent: int) -> None:
        noop.send(sent)

    yield program.Producer(one)


def work() -> None:
    """Dramatiq's own command, with one child process."""
    options = ["--processes=1", f"--threads={THREADS}", "--skip-logging"]
    raise SystemExit(
        subprocess.call([sys.executable, "-m", "dramatiq", "tests.bench.peers.dramatiq", *options])
    )


if __name__ == "__main__":
    program.main(opened, work)
