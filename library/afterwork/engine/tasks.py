"""Ending background tasks for sure."""

import asyncio
from collections.abc import Iterable
from typing import Any

INSIST = 0.1
"""Seconds after which a task that goes on is cancelled again."""


async def end(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel the tasks until each has ended; what they raise is of no interest any more.

    Once is not enough: `asyncio.wait_for`, which redis-py uses, can swallow a cancellation before Python 3.12
    (python/cpython issue 86296).
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=INSIST)
        for task in done:
            if not task.cancelled():
                task.exception()
