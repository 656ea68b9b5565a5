"""Where a process may listen."""

import pytest

from afterwork.listening import Unreachable, address_of


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.8.8.8", "127.8.8.8"),
        ("127.1", "127.0.0.1"),
        ("::1", "::1"),
        ("localhost", "127.0.0.1"),
    ],
)
def test_loopback_needs_no_keys(host: str, address: str) -> None:
    assert address_of(host, has_keys=False) == address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "0.0.0.0"),
        ("0", "0.0.0.0"),
        ("::", "::"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_beyond_loopback_keys_are_needed(host: str, address: str) -> None:
    with pytest.raises(Unreachable):
        address_of(host, has_keys=False)
    assert address_of(host, has_keys=True) == address


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(Unreachable, match=r"afterwork keys create.*AFTERWORK_API_KEYS"):
        address_of("0.0.0.0", has_keys=False)


@pytest.mark.parametrize(
    "host", ["example.test", "127.0.0.1 ", "no name", "*", "", "ü" * 70, "a..b", "\ud800"]
)
def test_what_cannot_be_resolved_is_refused_with_or_without_keys(host: str) -> None:
    for has_keys in (True, False):
        with pytest.raises(Unreachable, match="cannot be resolved"):
            address_of(host, has_keys=has_keys)


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1", "192.0.2.1"], ["192.0.2.1", "127.0.0.1"], ["::1", "2001:db8::1"]]
)
def test_a_name_with_one_address_that_others_reach_needs_keys(addresses: list[str]) -> None:
    with pytest.raises(Unreachable, match="API keys"):
        address_of("both", has_keys=False, resolve=lambda _: addresses)
    assert address_of("both", has_keys=True, resolve=lambda _: addresses) == addresses[0]
