"""What reaches a worker from outside without being asked for: the wake-up token and the control channel."""

import asyncio
from collections.abc import Callable

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from afterwork.engine import connection, keys
from afterwork.engine.pump import POLL, Pump
from afterwork.engine.scripts import AsyncServer

logger = structlog.get_logger()


async def await_tokens(url: str, queue: str, pump: Pump) -> None:
    """Pop the queue's wake-up token while the pump is hungry, on a connection of its own; runs until cancelled.

    A token that comes when there is no slot left is put back for another worker.
    """
    redis = connection.connect(url, timeout=POLL + connection.CALL_TIMEOUT)
    server: AsyncServer = redis
    key = keys.WAKE + queue
    try:
        while True:
            await pump.hungry.wait()
            try:
                token = await server.execute_command("BLPOP", key, POLL)
                if token and pump.free_slots:
                    pump.look()
                elif token:
                    await _put_back(redis, key)
            except (TimeoutError, RedisError, OSError):
                await asyncio.sleep(POLL)
    finally:
        await redis.aclose(close_connection_pool=True)


async def _put_back(redis: ArqRedis, key: str) -> None:
    async with redis.pipeline(transaction=True) as pipe:
        pipe.lpush(key, 1)
        pipe.ltrim(key, 0, 0)
        await pipe.execute()


async def await_control(url: str, worker: str, on_cancel: Callable[[str], None]) -> None:
    """Hear requests to cancel running jobs at once; what is missed meanwhile comes with the next renewal."""
    redis = connection.connect(url)
    try:
        while True:
            try:
                async with redis.pubsub() as channel:
                    await channel.subscribe(keys.CONTROL + worker)
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=POLL)
                        if message:
                            on_cancel(message["data"].decode().removeprefix("cancel "))
            except (TimeoutError, RedisError, OSError):
                await asyncio.sleep(POLL)
    finally:
        await redis.aclose(close_connection_pool=True)
