"""A connection apart from the pool, for what blocks or listens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio.connection import AbstractConnection

QUIET = 10
"""Seconds of silence after which a connection that listens is tried."""


@asynccontextmanager
async def own_connection(redis: ArqRedis, *, read_timeout: float) -> AsyncIterator[AbstractConnection]:
    """Open one as the pool would. Closed without waiting: redis-py's wait can swallow a cancellation."""
    own: AbstractConnection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    own.socket_timeout = read_timeout
    try:
        await own.connect()  # type: ignore[no-untyped-call]
        yield own
    finally:
        await own.disconnect(nowait=True)


async def ask(own: AbstractConnection, *command: str | int) -> Any:  # noqa: ANN401 - each command's own reply
    """Send one command and return its reply."""
    await own.send_command(*command)
    return await own.read_response()
