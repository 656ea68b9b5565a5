"""Pools for the primary that sentinels name: by ARQ's settings, and for the engine's own calls."""

from collections.abc import Mapping
from typing import Any

from arq.connections import RedisSettings
from redis import Redis
from redis import sentinel as thread_sentinels
from redis.asyncio import ConnectionPool, Sentinel
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import SSLConnection as AsyncSSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool

from afterwork.engine.server.pools import SENTINEL_TIMEOUT

TLS = (
    "ssl_keyfile",
    "ssl_certfile",
    "ssl_cert_reqs",
    "ssl_ca_certs",
    "ssl_ca_data",
    "ssl_check_hostname",
)
"""What ARQ's settings and the options of a connection say of TLS, by the same names."""
_RETRYING = ("retry", "retry_on_timeout", "retry_on_error")
_PATIENCE = {"socket_timeout": SENTINEL_TIMEOUT, "socket_connect_timeout": SENTINEL_TIMEOUT}


def pool_of(settings: RedisSettings) -> SentinelConnectionPool:
    """As ARQ connects: sentinels without TLS and password. What ARQ forgets there, files for TLS and limits, holds too.

    Raises RuntimeError if the host is no list of sentinels.
    """
    if isinstance(settings.host, str):
        raise RuntimeError("str provided for 'host' but 'sentinel' is true; list of sentinels expected")  # noqa: TRY004 - ARQ's own
    wanted = (*_RETRYING, "max_connections", *(TLS if settings.ssl else ()))
    options = {name: getattr(settings, name) for name in wanted if getattr(settings, name) is not None}
    manager = Sentinel(settings.host, sentinel_kwargs={"socket_connect_timeout": settings.conn_timeout})  # type: ignore[no-untyped-call]
    return SentinelConnectionPool(  # type: ignore[no-untyped-call]
        settings.sentinel_master,
        manager,
        ssl=settings.ssl,
        db=settings.database,
        username=settings.username,
        password=settings.password,
        socket_connect_timeout=settings.conn_timeout,
        **options,
    )


def engine_pool(source: SentinelConnectionPool, limits: dict[str, Any]) -> SentinelConnectionPool:
    """The same primary, by connections of our own to the same sentinels. limits: further options."""
    manager = Sentinel([])  # type: ignore[no-untyped-call]
    manager.sentinels = [AsyncRedis(connection_pool=_again(one)) for one in source.sentinel_manager.sentinels]
    manager.min_other_sentinels = source.sentinel_manager.min_other_sentinels
    is_tls = issubclass(source.connection_class, AsyncSSLConnection)
    options = {name: value for name, value in source.connection_kwargs.items() if name != "connection_pool"}
    return SentinelConnectionPool(source.service_name, manager, ssl=is_tls, **(options | limits))  # type: ignore[no-untyped-call]


def thread_pool(
    source: SentinelConnectionPool, sentinels: list[Redis], options: Mapping[str, Any]
) -> thread_sentinels.SentinelConnectionPool:
    """The same for threads. sentinels: clients of each."""
    manager = thread_sentinels.Sentinel([])  # type: ignore[no-untyped-call]
    manager.sentinels = sentinels
    manager.min_other_sentinels = source.sentinel_manager.min_other_sentinels
    is_tls = issubclass(source.connection_class, AsyncSSLConnection)
    return thread_sentinels.SentinelConnectionPool(source.service_name, manager, ssl=is_tls, **options)  # type: ignore[no-untyped-call]


def _again(sentinel: AsyncRedis) -> ConnectionPool:
    pool = sentinel.connection_pool
    return ConnectionPool(connection_class=pool.connection_class, **(pool.connection_kwargs | _PATIENCE))
