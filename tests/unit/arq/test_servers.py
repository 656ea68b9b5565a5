"""From a user's pool to the engine's connections: the same server, with the same credentials."""

from typing import Any

from redis import Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio import ConnectionPool
from redis.asyncio import SSLConnection as AsyncSSLConnection
from redis.asyncio import UnixDomainSocketConnection as AsyncUnixDomainSocketConnection
from redis.asyncio.sentinel import Sentinel
from redis.sentinel import SentinelConnectionPool

from afterwork.arq import ArqRedis
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
    sentinel = Sentinel([("one", 26379), ("two", 26380)])  # type: ignore[no-untyped-call]
    pool: ArqRedis = sentinel.master_for("house", redis_class=ArqRedis, db=4)

    keeper = keeper_client(pool, "worker-1", 1)

    found = keeper.connection_pool
    assert isinstance(found, SentinelConnectionPool)
    assert found.service_name == "house"
    assert [one.connection_pool.connection_kwargs["host"] for one in found.sentinel_manager.sentinels] == [
        "one",
        "two",
    ]
    assert found.connection_kwargs["db"] == 4
    assert engine_pool(pool, "worker-1") is pool
