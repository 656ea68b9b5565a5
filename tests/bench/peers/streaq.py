"""streaq: tasks in streams, on coredis and anyio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from streaq import Worker
from tests.bench.peers import program

worker: Any = Worker(
    redis_url=program.URL,
    queue_name="bench",
    concurrency=program.CONCURRENCY,
    anyio_kwargs={"use_uvloop": True},
)
noop = worker.task(program.noop)


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """Several tasks go in one pipeline."""

    async def one(sent: int) -> None:
        await noop.enqueue(sent)

    async def many(count: int) -> None:
        await worker.enqueue_many([noop.enqueue(0) for _ in range(count)])

    async with worker:
        yield program.Producer(one, many)
        await asyncio.sleep(0)


if __name__ == "__main__":
    program.main(opened, worker.run_sync)
