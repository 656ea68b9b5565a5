import socket

import pytest

from afterwork_up import addresses
from afterwork_up.refusal import Refusal


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("127.8.8.8", "127.8.8.8"), ("::1", "::1")]
)
def test_a_loopback_address_is_listened_on(host: str, address: str) -> None:
    assert addresses.listenable(host, has_keys=False) == address


def test_localhost_is_one_address() -> None:
    assert addresses.listenable("localhost", has_keys=False) == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_that_others_reach_is_listened_on_only_with_keys(host: str) -> None:
    with pytest.raises(Refusal, match=f"^--host {host}: .*AFTERWORK_API_KEYS"):
        addresses.listenable(host, has_keys=False)
    assert addresses.listenable(host, has_keys=True) == host


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(Refusal, match="cannot be resolved"):
        addresses.listenable("not a name", has_keys=True)


def test_keys_are_asked_for_if_any_are_set() -> None:
    assert addresses.asks_for_keys(f"shop:read:{'0' * 64}")
    assert not addresses.asks_for_keys(None)


@pytest.mark.parametrize("text", [" ", "shop", f"shop:write:{'0' * 64}"])
def test_wrong_keys_are_refused_before_anything_starts(text: str) -> None:
    with pytest.raises(Refusal, match=r"^AFTERWORK_API_KEYS: ") as refusal:
        addresses.asks_for_keys(text)

    assert "0" * 64 not in refusal.value.message


def test_a_port_in_use_is_refused() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(Refusal, match="another program uses it"),
    ):
        addresses.free_port("127.0.0.1", other.getsockname()[1], patience=0)


def test_a_port_that_becomes_free_is_waited_for() -> None:
    # given a port in use
    other = socket.create_server(("127.0.0.1", 0))
    port = other.getsockname()[1]

    # when its user ends meanwhile
    found = addresses.free_port("127.0.0.1", port, patience=30, sleep=lambda _: other.close())

    # then it is ours
    assert found == port


def test_a_port_that_one_may_not_use_is_refused_with_the_reason() -> None:
    with pytest.raises(Refusal, match=r"port 80: "):
        addresses.free_port("192.0.2.1", 80, patience=0)


def test_any_port_is_a_real_one() -> None:
    assert addresses.free_port("127.0.0.1", 0, patience=0) > 0


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:6379/0", "redis://:secret@redis/1", "rediss://redis", "unix:///run/valkey.sock"],
)
def test_the_url_of_a_redis_is_taken_as_it_is(url: str) -> None:
    assert addresses.redis_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "http://secret@redis", "redis:", "redis://", "unix:", "redis:6379", "redis://h:99999", "redis://["],
)
def test_any_other_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Refusal, match=r"^--redis-url: ") as refusal:
        addresses.redis_url(url)

    assert "secret" not in refusal.value.message
