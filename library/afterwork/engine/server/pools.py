"""Pools of redis-py for an address: a host, a Unix socket or the primary that sentinels name, with or without TLS."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from redis import Redis
from redis import connection as threads
from redis import sentinel as thread_sentinels
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import connection as loops
from redis.asyncio import sentinel as loop_sentinels

from afterwork.redis_address import Host, RedisAddress

SENTINEL_TIMEOUT = 0.5
"""Seconds for a sentinel to connect or to answer; there are others."""
NO_SENTINELS = SimpleNamespace(sentinels=())


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one call, and for a connection to be made."""

    call: float
    connect: float


def pool_of(address: RedisAddress, limits: Limits, name: str | None) -> loops.ConnectionPool:
    """For an event loop. Behind sentinels each new connection asks them for the primary."""
    given = _server_options(address, limits, name)
    if address.primary:
        manager = loop_sentinels.Sentinel([])  # type: ignore[no-untyped-call]
        manager.sentinels = [AsyncRedis(**one) for one in _sentinels(address)]
        options = {"ssl": address.is_tls, **given}
        return loop_sentinels.SentinelConnectionPool(address.primary, manager, **options)  # type: ignore[no-untyped-call]
    if address.path:
        return loops.ConnectionPool(loops.UnixDomainSocketConnection, path=address.path, **given)
    return loops.ConnectionPool(loops.SSLConnection if address.is_tls else loops.Connection, **given)


def thread_pool_of(address: RedisAddress, limits: Limits, name: str | None) -> threads.ConnectionPool:
    """The same for threads."""
    given = _server_options(address, limits, name)
    if address.primary:
        manager = thread_sentinels.Sentinel([])  # type: ignore[no-untyped-call]
        manager.sentinels = [Redis(**one) for one in _sentinels(address)]
        options = {"ssl": address.is_tls, **given}
        return thread_sentinels.SentinelConnectionPool(address.primary, manager, **options)  # type: ignore[no-untyped-call]
    if address.path:
        return threads.ConnectionPool(threads.UnixDomainSocketConnection, path=address.path, **given)
    return threads.ConnectionPool(threads.SSLConnection if address.is_tls else threads.Connection, **given)


def tls_options(address: RedisAddress) -> dict[str, Any]:
    """For a connection with TLS: the server's certificate must be trusted, and be for its name."""
    return {
        "ssl_ca_certs": address.ca_file,
        "ssl_certfile": address.cert_file,
        "ssl_keyfile": address.key_file,
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
    }


def _server_options(address: RedisAddress, limits: Limits, name: str | None) -> dict[str, Any]:
    is_direct = address.hosts and not address.primary
    return {
        "db": address.db,
        "username": address.user,
        "password": address.password,
        "client_name": name,
        "socket_timeout": limits.call,
        "socket_connect_timeout": limits.connect,
        **(_place(address.hosts[0]) if is_direct else {}),
        **(tls_options(address) if address.is_tls else {}),
    }


def _sentinels(address: RedisAddress) -> list[dict[str, Any]]:
    common = {
        "username": address.sentinel_user,
        "password": address.sentinel_password,
        "socket_timeout": SENTINEL_TIMEOUT,
        "socket_connect_timeout": SENTINEL_TIMEOUT,
        **({"ssl": True, **tls_options(address)} if address.is_tls else {}),
    }
    return [{**_place(host), **common} for host in address.hosts]


def _place(host: Host) -> dict[str, Any]:
    return {"host": host.name, "port": host.port}
