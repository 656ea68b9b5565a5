"""How the engine reaches Redis: pools with short time limits, one meaning for every way of not reaching it."""

from collections.abc import Iterator
from contextlib import contextmanager

from arq.connections import ArqRedis
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import BusyLoadingError, OutOfMemoryError, RedisError

from afterwork import errors
from afterwork.engine import codec
from afterwork.engine.server.findings import causes, finding_of
from afterwork.engine.server.packing import packing
from afterwork.engine.server.pools import NO_SENTINELS, Limits, pool_of, thread_pool_of
from afterwork.redis_address import parse_address

CALL_TIMEOUT = 1.5
"""Seconds that one call may take before Redis counts as away."""
CONNECT_TIMEOUT = 1.0


def connect(url: str, *, timeout: float = CALL_TIMEOUT, name: str | None = None) -> ArqRedis:
    """An ARQ pool that speaks JSON. Connects at its first use. url: as `redis_address.parse_address` reads it.

    name: under which the server lists each connection. Raises ValueError for a wrong URL.
    """
    pool = pool_of(parse_address(url), Limits(timeout, CONNECT_TIMEOUT), name)
    pool.connection_class = packing(pool.connection_class)
    return ArqRedis(pool, job_serializer=codec.dumps, job_deserializer=codec.loads)


async def close(redis: AsyncRedis) -> None:
    """Close every connection at once; redis-py's own way waits for each and may raise in place of a cancellation."""
    pool = redis.connection_pool
    for sentinel in getattr(pool, "sentinel_manager", NO_SENTINELS).sentinels:
        await close(sentinel)
    for one in [*pool._available_connections, *pool._in_use_connections]:  # noqa: SLF001 - see above
        await one.disconnect(nowait=True)


def connect_sync(url: str, *, timeout: float = CALL_TIMEOUT, name: str | None = None) -> Redis:
    """A client for the keeper's thread. name: as above."""
    return Redis(
        connection_pool=thread_pool_of(
            parse_address(url), Limits(timeout, min(CONNECT_TIMEOUT, timeout)), name
        )
    )


@contextmanager
def told_apart() -> Iterator[None]:
    """Turn what redis-py raises into QueueFull or QueueUnavailable; the text names no password."""
    try:
        yield
    except OutOfMemoryError as error:
        raise errors.QueueFull("Redis has no memory left for new jobs") from error
    except (TimeoutError, RedisError, OSError) as error:
        raise errors.QueueUnavailable(reason(error)) from error


def reason(error: BaseException) -> str:
    """One sentence on why Redis cannot be used, without addresses or passwords."""
    return finding_of(error).text


def is_down(error: BaseException) -> bool:
    """Whether the error says that no server runs there, so that nobody else can reach it either.

    A time-out says no such thing: the network between may be cut while others go on.
    """
    down = (BusyLoadingError, ConnectionRefusedError, FileNotFoundError, ConnectionResetError)
    return any(isinstance(cause, down) or "closed by server" in str(cause) for cause in causes(error))
