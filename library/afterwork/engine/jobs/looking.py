"""Looks at jobs share calls as submits do: a thousand who wait for their jobs' ends look at once, twice each."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError, RedisError

from afterwork.engine import scripts
from afterwork.engine.scripts import Argument
from afterwork.engine.server.kept import KeptConnections, exchange
from afterwork.engine.tasks import end

MOST = 64
"""Looks in one exchange."""

_Look = tuple[tuple[Argument, ...], "asyncio.Future[Any]"]


class Looks:
    """Calls `get.lua` over one connection; what comes while an exchange is under way shares the next."""

    def __init__(self, redis: ArqRedis) -> None:
        self._connections = KeptConnections(redis)
        self._waiting: deque[_Look] = deque()
        self._flush: asyncio.Task[None] | None = None

    async def look(self, *arguments: Argument) -> Sequence[Any]:
        """The script's reply. Raises what redis-py raises. Set a time limit: it waits for those that came earlier."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._waiting.append((arguments, answer))
        if self._flush is None or self._flush.done():
            self._flush = loop.create_task(self._answer_all())
        try:
            reply: Sequence[Any] = await answer
        finally:
            answer.cancel()
        return reply

    async def close(self) -> None:
        """Give up what has not been answered."""
        if self._flush is not None:
            await end([self._flush])
        for _, answer in self._waiting:
            answer.cancel()
        await self._connections.close()

    async def _answer_all(self) -> None:
        while batch := self._take():
            try:
                replies = await self._replies([arguments for arguments, _ in batch])
            except (TimeoutError, RedisError, OSError) as error:
                replies = [error] * len(batch)
            for (_, answer), reply in zip(batch, replies, strict=True):
                if answer.done():
                    continue
                if isinstance(reply, Exception):
                    answer.set_exception(reply)
                else:
                    answer.set_result(reply)

    async def _replies(self, looks: Sequence[tuple[Argument, ...]]) -> list[object]:
        try:
            return await self._attempt(looks)
        except LostConnection:  # a kept connection may be stale
            return await self._attempt(looks)

    async def _attempt(self, looks: Sequence[tuple[Argument, ...]]) -> list[object]:
        script = scripts.script("get")
        async with self._connections.borrowed() as own:
            replies = await exchange(own, [("EVALSHA", script.digest, 0, *look) for look in looks])
            if any(isinstance(reply, NoScriptError) for reply in replies):
                replies = await exchange(own, [("EVAL", script.body, 0, *look) for look in looks])
        return replies

    def _take(self) -> list[_Look]:
        batch: list[_Look] = []
        while self._waiting and len(batch) < MOST:
            look = self._waiting.popleft()
            if not look[1].done():
                batch.append(look)
        return batch
