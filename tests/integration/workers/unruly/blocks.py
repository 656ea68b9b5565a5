"""Every way in which a job can block the event loop, by name."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

BEGUN = asyncio.Event()
"""Set by the first job that blocks."""
Block = Callable[[float], Coroutine[Any, Any, None]]
BLOCKS: dict[str, Block] = {}


def manner(function: Block) -> Block:
    """Decorator: the function is found by its name."""
    BLOCKS[function.__name__] = function
    return function


@manner
async def in_the_handler(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - the block


@manner
async def by_computing(seconds: float) -> None:
    end = time.monotonic() + seconds
    digest = b""
    while time.monotonic() < end:
        digest = hashlib.sha256(digest).digest()


@manner
async def in_a_task_of_its_own(seconds: float) -> None:
    await asyncio.create_task(in_the_handler(seconds))


@manner
async def in_a_callback_after_its_end(seconds: float) -> None:
    asyncio.get_running_loop().call_later(0.1, time.sleep, seconds)


@manner
async def and_goes_on(seconds: float) -> None:
    await in_the_handler(seconds)
    await asyncio.sleep(seconds)


@manner
async def again_and_again(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.9)  # noqa: ASYNC251 - the block
        await asyncio.sleep(0)


@manner
async def when_it_is_stopped(seconds: float) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        time.sleep(seconds)  # noqa: ASYNC251 - the block
