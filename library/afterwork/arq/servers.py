"""From an ARQ user's pool to the connections that the engine works with."""

from typing import Any

from redis import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio import ConnectionPool as AsyncConnectionPool
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import SSLConnection as AsyncSSLConnection
from redis.asyncio import UnixDomainSocketConnection as AsyncUnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelConnectionPool

from afterwork.arq import sentinels
from afterwork.arq.connections import ArqRedis
from afterwork.engine.server.connection import CALL_TIMEOUT, CONNECT_TIMEOUT
from afterwork.engine.server.packing import packing
from afterwork.engine.server.pools import SENTINEL_TIMEOUT

_SHARED = ("host", "port", "path", "db", "username", "password")


def engine_pool(pool: ArqRedis, name: str | None = None) -> ArqRedis:
    """Connections to the same server for the engine's own calls, under this name and with short time limits."""
    source = pool.connection_pool
    limits = _limits(name, CALL_TIMEOUT)
    if isinstance(source, SentinelConnectionPool):
        own: AsyncConnectionPool = sentinels.engine_pool(source, limits)
    else:
        own = AsyncConnectionPool(
            connection_class=source.connection_class, **(source.connection_kwargs | limits)
        )
    own.connection_class = packing(own.connection_class)
    return ArqRedis(own, job_serializer=pool.job_serializer, job_deserializer=pool.job_deserializer)


def keeper_client(pool: ArqRedis, name: str, timeout: float) -> Redis:
    """A client of the same server for the keeper's thread. timeout: seconds that one call may take."""
    source = pool.connection_pool
    options = _known(source) | _limits(name, timeout)
    if isinstance(source, SentinelConnectionPool):
        asked = [_sentinel(one, timeout) for one in source.sentinel_manager.sentinels]
        return Redis(connection_pool=sentinels.thread_pool(source, asked, options))
    return Redis(connection_pool=ConnectionPool(_sync(source.connection_class), **options))


def _sentinel(one: AsyncRedis, timeout: float) -> Redis:
    source, patience = one.connection_pool, min(SENTINEL_TIMEOUT, timeout)
    limits = {"socket_timeout": patience, "socket_connect_timeout": patience}
    return Redis(connection_pool=ConnectionPool(_sync(source.connection_class), **(_known(source) | limits)))


def _limits(name: str | None, timeout: float) -> dict[str, Any]:
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": min(CONNECT_TIMEOUT, timeout),
        "client_name": name,
    }


def _sync(kind: type[Any]) -> type[Connection | UnixDomainSocketConnection]:
    if issubclass(kind, AsyncUnixDomainSocketConnection):
        return UnixDomainSocketConnection
    return SSLConnection if issubclass(kind, AsyncSSLConnection) else Connection


def _known(source: AsyncConnectionPool) -> dict[str, Any]:
    """What connections of threads take as well."""
    names = _SHARED + (sentinels.TLS if issubclass(source.connection_class, AsyncSSLConnection) else ())
    return {name: source.connection_kwargs[name] for name in names if name in source.connection_kwargs}
