"""From an ARQ user's pool to the connections that the engine works with."""

from typing import Any

from redis import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio import ConnectionPool as AsyncConnectionPool
from redis.asyncio import SSLConnection as AsyncSSLConnection
from redis.asyncio import UnixDomainSocketConnection as AsyncUnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.sentinel import Sentinel

from afterwork.arq.connections import ArqRedis
from afterwork.engine.server.connection import CALL_TIMEOUT, CONNECT_TIMEOUT
from afterwork.engine.server.packing import packing

_SHARED = ("host", "port", "path", "db", "username", "password")
_TLS = (
    "ssl_keyfile",
    "ssl_certfile",
    "ssl_cert_reqs",
    "ssl_ca_certs",
    "ssl_ca_data",
    "ssl_check_hostname",
)


def engine_pool(pool: ArqRedis, name: str) -> ArqRedis:
    """Connections to the same server for the engine's own calls, under this name and with short time limits."""
    source = pool.connection_pool
    if isinstance(source, SentinelConnectionPool):
        return pool
    limits = {
        "socket_timeout": CALL_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "client_name": name,
    }
    own = AsyncConnectionPool(
        connection_class=packing(source.connection_class), **(source.connection_kwargs | limits)
    )
    return ArqRedis(own, job_serializer=pool.job_serializer, job_deserializer=pool.job_deserializer)


def keeper_client(pool: ArqRedis, name: str, timeout: float) -> Redis:
    """A client of the same server for the keeper's thread. timeout: seconds that one call may take."""
    source = pool.connection_pool
    limits: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": min(CONNECT_TIMEOUT, timeout),
        "client_name": name,
    }
    if isinstance(source, SentinelConnectionPool):
        return _by_sentinel(source, limits)
    kind = source.connection_class
    return Redis(
        connection_pool=ConnectionPool(_sync(kind), **_known(source.connection_kwargs, kind), **limits)
    )


def _by_sentinel(source: SentinelConnectionPool, limits: dict[str, Any]) -> Redis:
    addresses = [
        (one.connection_pool.connection_kwargs["host"], one.connection_pool.connection_kwargs["port"])
        for one in source.sentinel_manager.sentinels
    ]
    known = {name: source.connection_kwargs.get(name) for name in ("db", "username", "password")}
    sentinel = Sentinel(addresses, **limits)  # type: ignore[no-untyped-call]
    master: Redis = sentinel.master_for(source.service_name, **known, **limits)  # type: ignore[no-untyped-call]
    return master


def _sync(kind: type[Any]) -> type[Connection | UnixDomainSocketConnection]:
    if issubclass(kind, AsyncUnixDomainSocketConnection):
        return UnixDomainSocketConnection
    return SSLConnection if issubclass(kind, AsyncSSLConnection) else Connection


def _known(options: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    names = _SHARED + (_TLS if issubclass(kind, AsyncSSLConnection) else ())
    return {name: options[name] for name in names if name in options}
