"""From a user's pool to the engine's connections: the same server, with the same credentials."""

from typing import Any

import pytest
from redis import Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio import ConnectionPool
from redis.asyncio import SSLConnection as AsyncSSLConnection
from redis.asyncio import UnixDomainSocketConnection as AsyncUnixDomainSocketConnection
from redis.asyncio.sentinel import Sentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelConnectionPool
from redis.sentinel import SentinelConnectionPool

from afterwork.arq import ArqRedis, RedisSettings, create_pool
from afterwork.arq.sentinels import pool_of
from afterwork.arq.servers import engine_pool, keeper_client


def options_of(client: Redis) -> dict[str, Any]:
    """With what its connections are made."""
    options: dict[str, Any] = client.connection_pool.connection_kwargs
    return options


def test_the_keeper_speaks_to_the_same_server_as_the_pool() -> None:
    pool = ArqRedis(host="cache.example", port=7000, db=3, username="jobs", password="secret")

    options = options_of(keeper_client(pool, "worker-1", 1.2))

    assert options["host"] == "cache.example"
    assert (options["port"], options["db"]) == (7000, 3)
    assert (options["username"], options["password"]) == ("jobs", "secret")
    assert (options["client_name"], options["socket_timeout"]) == ("worker-1", 1.2)


def test_a_unix_socket_stays_one() -> None:
    pool = ArqRedis(ConnectionPool(AsyncUnixDomainSocketConnection, path="/run/redis.sock", db=2))

    keeper, engine = keeper_client(pool, "worker-1", 1), engine_pool(pool, "worker-1")

    assert keeper.connection_pool.connection_class is UnixDomainSocketConnection
    assert (options_of(keeper)["path"], options_of(keeper)["db"]) == ("/run/redis.sock", 2)
    assert issubclass(engine.connection_pool.connection_class, AsyncUnixDomainSocketConnection)
    assert engine.connection_pool.connection_kwargs["client_name"] == "worker-1"
    assert engine.connection_pool.connection_kwargs["socket_timeout"] > 0


def test_tls_stays_tls() -> None:
    pool = ArqRedis(host="cache.example", ssl=True, ssl_ca_certs="/etc/ca.pem", ssl_check_hostname=True)

    keeper = keeper_client(pool, "worker-1", 1)

    assert issubclass(pool.connection_pool.connection_class, AsyncSSLConnection)
    assert keeper.connection_pool.connection_class is SSLConnection
    assert options_of(keeper)["ssl_ca_certs"] == "/etc/ca.pem"
    assert options_of(keeper)["ssl_check_hostname"] is True


def test_sentinels_are_asked_by_the_keeper_too() -> None:
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [("one", 26379), ("two", 26380)], sentinel_kwargs={"password": "theirs"}
    )
    pool: ArqRedis = sentinel.master_for(
        "house", redis_class=ArqRedis, db=4, password="its", ssl=True, ssl_ca_certs="/etc/ca.pem"
    )

    keeper, engine = keeper_client(pool, "worker-1", 1), engine_pool(pool, "worker-1")

    for client in (keeper, engine):
        found = client.connection_pool
        assert isinstance(found, SentinelConnectionPool | AsyncSentinelConnectionPool)
        assert found.service_name == "house"
        asked = [one.connection_pool.connection_kwargs for one in found.sentinel_manager.sentinels]
        assert [one["host"] for one in asked] == ["one", "two"]
        assert {one["password"] for one in asked} == {"theirs"}
        assert issubclass(found.connection_class, SSLConnection | AsyncSSLConnection)
        assert (found.connection_kwargs["db"], found.connection_kwargs["password"]) == (4, "its")
        assert found.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"
        assert found.connection_kwargs["client_name"] == "worker-1"
    assert engine.connection_pool is not pool.connection_pool


async def test_a_pool_behind_sentinels_takes_all_that_the_settings_say() -> None:
    settings = RedisSettings(
        sentinel=True,
        host=[("one", 26379)],
        sentinel_master="house",
        ssl=True,
        ssl_ca_certs="/etc/ca.pem",
        database=4,
        conn_timeout=3,
        max_connections=7,
    )

    found = pool_of(settings)

    assert issubclass(found.connection_class, AsyncSSLConnection)
    assert found.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"
    assert (found.connection_kwargs["db"], found.connection_kwargs["socket_connect_timeout"]) == (4, 3)
    assert (found.service_name, found.max_connections) == ("house", 7)


async def test_sentinels_must_be_a_list() -> None:
    with pytest.raises(RuntimeError, match="list of sentinels expected"):
        await create_pool(RedisSettings(sentinel=True, host="one"))
