"""Runs what blocks in threads of a store's own, so that neither the loop nor anybody else waits for a slow disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

THREADS = 8
"""Calls of one store that block at a time; the others wait."""


class Threads:
    """Threads of one store, started when they are needed."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=f"store-{name}")

    def close(self) -> None:
        """Let the threads end when they have done what they are at."""
        self._pool.shutdown(wait=False)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it in a thread. Who is cancelled meanwhile goes on only when the call has ended: it uses his files."""
        return await self.run_or_undo(None, function, *args, **kwargs)

    async def run_or_undo(
        self,
        undo: Callable[[R], object] | None,
        function: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """The same; `undo` gets a result that the caller, cancelled, will never see."""
        running = asyncio.wrap_future(self._pool.submit(function, *args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await _end_of(running)
            if undo is not None and running.exception() is None:
                undo(running.result())
            raise


async def _end_of(running: "asyncio.Future[R]") -> None:
    while not running.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([running])
    running.exception()  # seen
