"""The network that tests break: each fault holds when it is declared, is counted, and is over when it is mended."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import TimeoutError as Silence
from tests.fault_proxy import FaultProxy
from tests.servers import RedisServer, wait_until

LATENCY = 0.2


@pytest.fixture
def proxy(own_redis: RedisServer) -> Iterator[FaultProxy]:
    with FaultProxy(own_redis.socket, Random(1)) as between:
        yield between


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Redis]:
    with Redis.from_url(proxy.url, socket_timeout=0.5) as connected:
        connected.ping()
        yield connected


def patient(proxy: FaultProxy) -> Redis:
    """A client that waits for as long as it takes."""
    return Redis.from_url(proxy.url, socket_timeout=30)


@contextmanager
def raw_connection(proxy: FaultProxy) -> Iterator[socket.socket]:
    """One that the server has answered."""
    host, port = proxy.url.removeprefix("redis://").split("/")[0].split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.settimeout(30)
        raw.sendall(b"PING\r\n")
        assert raw.recv(100) == b"+PONG\r\n"
        yield raw


def test_what_goes_through_is_what_was_sent(client: Redis, proxy: FaultProxy) -> None:
    large = Random(2).randbytes(5_000_000)

    client.set("large", large)

    assert client.get("large") == large
    assert (proxy.accepted, proxy.resets, proxy.delayed, proxy.withheld) == (1, 0, 0, 0)


def test_a_cut_connection_is_reset_and_a_new_one_is_served(own_redis: RedisServer, proxy: FaultProxy) -> None:
    with raw_connection(proxy) as raw:
        proxy.cut()

        with pytest.raises(ConnectionResetError):
            raw.recv(100)
    assert proxy.resets == 1
    with patient(proxy) as again, own_redis.client() as behind:
        assert again.ping()
        wait_until(lambda: len(behind.client_list()) == 2, what="the server has lost the cut connection too")


def test_a_connection_can_be_cut_in_a_black_hole(own_redis: RedisServer, proxy: FaultProxy) -> None:
    with raw_connection(proxy) as raw:
        proxy.black_hole()
        raw.sendall(b"SET late 1\r\n")
        wait_until(lambda: proxy.withheld == 1)

        proxy.cut()

        with pytest.raises(ConnectionResetError):
            raw.recv(100)
    with own_redis.client() as behind:
        wait_until(lambda: len(behind.client_list()) == 1)
        proxy.mend()
        assert not behind.exists("late"), "what was under way is lost with its connection"


def test_a_delay_holds_each_way_and_keeps_the_order(proxy: FaultProxy) -> None:
    with patient(proxy) as client:
        client.ping()
        proxy.delay(LATENCY, jitter=LATENCY)
        before = time.monotonic()
        with client.pipeline(transaction=False) as calls:
            for number in range(100):
                calls.rpush("list", number)
            calls.execute()
        taken = time.monotonic() - before
        assert client.lrange("list", 0, -1) == [b"%d" % number for number in range(100)]

        proxy.mend()

        assert taken >= 2 * LATENCY
        assert proxy.delayed >= 2
        delayed = proxy.delayed
        client.ping()
        assert proxy.delayed == delayed


def test_in_a_black_hole_connections_stay_and_nothing_comes_through(
    client: Redis, own_redis: RedisServer, proxy: FaultProxy
) -> None:
    proxy.black_hole()

    with pytest.raises(Silence):
        client.set("late", "1")
    with pytest.raises(Silence):
        client.ping()
    assert proxy.accepted == 2, "a new connection is accepted, and hears nothing"
    with own_redis.client() as behind:
        assert not behind.exists("late")
        proxy.mend()
        wait_until(lambda: behind.get("late") == "1", what="what was sent meanwhile arrives")
    assert proxy.withheld >= 2
    assert client.ping()


def test_lost_answers_are_lost_after_the_request_has_arrived(
    client: Redis, own_redis: RedisServer, proxy: FaultProxy
) -> None:
    proxy.lose_answers()

    with pytest.raises(Silence):
        client.set("key", "1")

    with own_redis.client() as behind:
        assert behind.get("key") == "1"
    proxy.mend()
    assert client.ping()


def test_a_server_that_is_gone_looks_like_one(
    client: Redis, own_redis: RedisServer, proxy: FaultProxy
) -> None:
    own_redis.kill()

    with pytest.raises(Broken):
        client.ping()

    own_redis.start()
    assert client.ping()
