"""How the engine reaches Redis: pools with short time limits, one meaning for every way of not reaching it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from arq.connections import ArqRedis
from redis import Redis
from redis.asyncio import ConnectionPool
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from afterwork import errors
from afterwork.contracts import Durability
from afterwork.engine import codec

CALL_TIMEOUT = 1.5
"""Seconds that one call may take before Redis counts as away."""
CONNECT_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the server says of itself. durability: what its confirmation of a write is worth."""

    version: str
    durability: Durability


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
    """One line on why Redis cannot be used, without addresses or passwords."""
    for cause in _causes(error):
        match cause:
            case AuthenticationError() | NoPermissionError():
                return "Redis refuses the user name or password"
            case BusyLoadingError():
                return "Redis is loading its data"
            case ReadOnlyError():
                return "Redis is a read-only replica"
            case ResponseError():
                return f"Redis answered: {str(cause)[:200]}"
    return "Redis does not answer"


def is_down(error: BaseException) -> bool:
    """Whether the error says that no server runs there, so that nobody else can reach it either.

    A time-out says no such thing: the network between may be cut while others go on.
    """
    down = (BusyLoadingError, ConnectionRefusedError, FileNotFoundError, ConnectionResetError)
    return any(isinstance(cause, down) or "closed by server" in str(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: redis-py wraps what happens while it connects."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


async def server_info(redis: ArqRedis) -> ServerInfo:
    """Ask the server for its version and persistence; `unknown` where it does not tell."""
    info = await redis.info("server")
    version = info.get("valkey_version") or info.get("redis_version") or "unknown"
    return ServerInfo(str(version), await _durability(redis))


async def _durability(redis: ArqRedis) -> Durability:
    try:
        config = await redis.config_get("append*")
    except ResponseError:
        return Durability.UNKNOWN
    if _text(config.get("appendonly")) == "no":
        return Durability.MEMORY
    match _text(config.get("appendfsync")):
        case "always":
            return Durability.FSYNC
        case "everysec":
            return Durability.EVERYSEC
        case _:
            return Durability.UNKNOWN


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
