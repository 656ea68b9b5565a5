"""Works on a few things at a time and takes what comes of them in the order of the things."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def in_order(
    things: AsyncIterator[T],
    work: Callable[[T], Coroutine[Any, Any, R]],
    take: Callable[[T, R], Awaitable[None]],
    *,
    ahead: int,
) -> None:
    """Work on up to `ahead` things at a time, counted from the first that has not been taken.

    The first that raises ends it: the others are cancelled, and it is raised here.
    """
    begun: deque[tuple[T, asyncio.Task[R]]] = deque()
    try:
        async with asyncio.TaskGroup() as group:
            async for thing in things:
                begun.append((thing, group.create_task(work(thing))))
                if len(begun) == ahead:
                    first, task = begun.popleft()
                    await take(first, await task)
            for first, task in begun:
                await take(first, await task)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
