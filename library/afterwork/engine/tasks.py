"""Ending tasks for sure, although `asyncio.wait_for`, which redis-py uses, can swallow a cancellation.

It does so before Python 3.12 (python/cpython issue 86296).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

INSIST = 0.1
"""Seconds after which a task that goes on is cancelled again."""


async def end(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel the tasks until each has ended, once is not enough; what they raise is of no interest any more."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=INSIST)
        for task in done:
            if not task.cancelled():
                task.exception()


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """`asyncio.timeout`, which cancels once more if the first cancellation was swallowed. Raises TimeoutError."""
    async with asyncio.timeout(seconds + INSIST), asyncio.timeout(seconds):
        yield


@contextmanager
def heeded() -> Iterator[None]:
    """If the task was cancelled inside, end as cancelled, also if something inside went on all the same."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    yield
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
