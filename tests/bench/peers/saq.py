"""SAQ: a list, and a sorted set of what is not done."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from saq import Queue, Worker
from tests.bench.peers import program


async def noop(_context: dict[str, Any], *, sent: int) -> None:
    """The job."""
    await program.noop(sent)


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """SAQ's calls for several jobs send them singly."""
    queue = Queue.from_url(program.URL, name="bench")
    await queue.connect()
    yield program.Producer(lambda sent: queue.enqueue("noop", sent=sent))
    await queue.disconnect()


def work() -> None:
    """As SAQ's own command does, on uvloop."""
    logging.basicConfig(level=program.LOG_LEVEL)
    uvloop.run(_work())


async def _work() -> None:
    queue = Queue.from_url(program.URL, name="bench")
    worker: Any = Worker(queue, [noop], concurrency=program.CONCURRENCY)
    await worker.start()


if __name__ == "__main__":
    program.main(opened, work)
