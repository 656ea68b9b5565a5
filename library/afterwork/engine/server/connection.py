"""How the engine reaches Redis: pools with short time limits, one meaning for every way of not reaching it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from arq.connections import ArqRedis
from redis import Redis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import BusyLoadingError, OutOfMemoryError, RedisError

from afterwork import errors
from afterwork.engine import codec
from afterwork.engine.server.findings import causes, finding_of

CALL_TIMEOUT = 1.5
"""Seconds that one call may take before Redis counts as away."""
CONNECT_TIMEOUT = 1.0


def connect(url: str, *, timeout: float = CALL_TIMEOUT) -> ArqRedis:
    """An ARQ pool that speaks JSON. Connects at its first use. url: redis://, rediss:// or unix://."""
    pool: ConnectionPool = ConnectionPool.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=CONNECT_TIMEOUT
    )
    return ArqRedis(pool, job_serializer=codec.dumps, job_deserializer=codec.loads)


async def close(redis: ArqRedis) -> None:
    """Close every connection at once; redis-py's own way waits for each and may raise in place of a cancellation."""
    pool = redis.connection_pool
    for one in [*pool._available_connections, *pool._in_use_connections]:  # noqa: SLF001 - see above
        await one.disconnect(nowait=True)


@asynccontextmanager
async def borrowed(redis: ArqRedis) -> AsyncIterator[AbstractConnection]:
    """A connection of the pool, for calls that must share one. Whatever is raised inside closes it."""
    pool = redis.connection_pool
    one = await pool.get_connection()
    try:
        yield one
    except BaseException:
        await one.disconnect(nowait=True)  # a reply may be under way
        raise
    finally:
        await pool.release(one)


def connect_sync(url: str, *, timeout: float = CALL_TIMEOUT) -> Redis:
    """A client for the keeper's thread."""
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=min(CONNECT_TIMEOUT, timeout))


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
