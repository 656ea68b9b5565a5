"""docket (pydocket) with the interval at which it looks for work shortened, as its default ends at 400 jobs/s."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvloop
from docket import Docket, Worker
from tests.bench.peers import program

URL = f"{program.URL}?max_connections=500"
"""A worker with this concurrency runs out of connections otherwise."""


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """Several tasks go in one pipeline."""
    async with Docket(name="bench", url=URL) as docket:
        docket.register(program.noop)

        async def one(sent: int) -> None:
            await docket.add(program.noop)(sent)

        async def many(count: int) -> None:
            await docket.add_many([docket.call(program.noop)(0) for _ in range(count)])

        yield program.Producer(one, many)


def work() -> None:
    """On uvloop."""
    logging.basicConfig(level=program.LOG_LEVEL)
    uvloop.run(_work())


async def _work() -> None:
    async with Docket(name="bench", url=URL) as docket:
        docket.register(program.noop)
        interval = timedelta(milliseconds=5)
        async with Worker(docket, concurrency=program.CONCURRENCY, minimum_check_interval=interval) as worker:
            await worker.run_forever()


if __name__ == "__main__":
    program.main(opened, work)
