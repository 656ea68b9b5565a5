"""Connections that are kept between calls: a pool would ask each before it is used whether it is still good."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from arq.connections import ArqRedis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import ResponseError

from afterwork.engine.scripts import Argument
from afterwork.engine.server.connection import CALL_TIMEOUT
from afterwork.engine.tasks import time_limit


class KeptConnections:
    """As many as are borrowed at a time. They are made as the pool would make them, at the first need."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._idle: list[AbstractConnection] = []

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[AbstractConnection]:
        """One for calls that must share it, within CALL_TIMEOUT. Whatever is raised inside closes it.

        Raises TimeoutError. After LostConnection the next one is new: others that were kept may be stale as well.
        """
        own = self._idle.pop() if self._idle else self._made()
        try:
            async with time_limit(CALL_TIMEOUT):
                await own.connect()  # type: ignore[no-untyped-call]
                yield own
        except BaseException as error:
            await own.disconnect(nowait=True)  # a reply may be under way
            if isinstance(error, LostConnection):
                await self.close()
            raise
        self._idle.append(own)

    async def close(self) -> None:
        """Close those that are not borrowed, at once."""
        while self._idle:
            await self._idle.pop().disconnect(nowait=True)

    def _made(self) -> AbstractConnection:
        """Without a time limit of its own, for which redis-py starts a task with each command."""
        own: AbstractConnection = self._redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        own.socket_timeout = None
        return own


async def exchange(own: AbstractConnection, commands: Sequence[Iterable[Argument]]) -> list[object]:
    """The replies, in one round trip; what the server refused is a reply, too."""
    await own.send_packed_command(own.pack_commands(commands))
    replies: list[object] = []
    for _ in commands:
        try:
            replies.append(await own.read_response())
        except ResponseError as refusal:
            replies.append(refusal)
    return replies
