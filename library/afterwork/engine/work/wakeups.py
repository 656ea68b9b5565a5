"""What reaches a worker from outside without being asked for: the wake-up token and the control channel."""

import asyncio
from collections.abc import Callable
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from afterwork.engine import keys
from afterwork.engine.server import connection
from afterwork.engine.server.own_connection import QUIET, ask, own_connection
from afterwork.engine.work.pump import POLL, Pump


async def await_tokens(redis: ArqRedis, queue: str, pump: Pump) -> None:
    """Pop the queue's wake-up token while the pump is hungry; runs until cancelled.

    A token that comes when there is no slot left is put back for another worker.
    """
    key = keys.WAKE + queue

    async def pop(own: AbstractConnection) -> None:
        while True:
            await pump.hungry.wait()
            token = await ask(own, "BLPOP", key, POLL)
            if token and pump.free_slots:
                pump.look()
            elif token:
                await ask(own, "LPUSH", key, 1)
                await ask(own, "LTRIM", key, 0, 0)

    await _keep_up(redis, pop)


async def await_control(redis: ArqRedis, worker: str, on_cancel: Callable[[str], None]) -> None:
    """Hear requests to cancel running jobs at once; what is missed meanwhile comes with the next renewal."""

    async def listen(own: AbstractConnection) -> None:
        await ask(own, "SUBSCRIBE", keys.CONTROL + worker)
        while True:
            message = await own.read_response(timeout=QUIET, disconnect_on_error=False)
            if message is None:
                message = await ask(own, "PING")
            if message[0] == b"message":
                on_cancel(message[2].decode().removeprefix("cancel "))

    await _keep_up(redis, listen)


async def _keep_up(redis: ArqRedis, use: Callable[[AbstractConnection], Any]) -> None:
    """Use a connection of one's own, and a new one whenever it breaks."""
    while True:
        try:
            async with own_connection(redis, read_timeout=POLL + connection.CALL_TIMEOUT) as own:
                await use(own)
        except (TimeoutError, RedisError, OSError):
            await asyncio.sleep(POLL)
