from ipaddress import ip_address

import pytest
from pydantic import ValidationError

from afterwork.egress import EgressSettings
from afterwork.egress.allow import AllowList


@pytest.mark.parametrize(
    ("entry", "address", "port"),
    [
        ("10.0.0.0/8", "10.1.2.3", 443),
        ("10.1.2.3", "10.1.2.3", 1),
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("fd00::/8", "fd12::1", 443),
        ("[::1]:8080", "::1", 8080),
        ("::1", "::1", 9),
        ("169.254.169.254", "169.254.169.254", 80),
    ],
)
def test_addresses_in_an_entry_are_allowed(entry: str, address: str, port: int) -> None:
    assert AllowList.parse([entry]).holds(ip_address(address), port)


@pytest.mark.parametrize(
    ("entry", "address", "port"),
    [
        ("10.0.0.0/8", "11.1.2.3", 443),
        ("127.0.0.1:8080", "127.0.0.1", 8081),
        ("127.0.0.1:8080", "127.0.0.2", 8080),
        ("[::1]:8080", "::1", 80),
        ("169.254.0.0/16", "169.254.169.254", 80),
        ("0.0.0.0/0", "168.63.129.16", 80),
        ("fd00::/8", "fd00:ec2::254", 80),
        ("hooks.internal", "10.0.0.1", 80),
    ],
)
def test_others_are_not_and_metadata_only_if_named_alone(entry: str, address: str, port: int) -> None:
    assert not AllowList.parse([entry]).holds(ip_address(address), port)


def test_a_host_is_allowed_by_its_name_with_its_port_or_any() -> None:
    allow = AllowList.parse(["Hooks.Internal", "api.test:8443"])

    assert allow.names("hooks.internal", 1)
    assert allow.names("api.test", 8443)
    assert not allow.names("api.test", 443)
    assert not allow.names("other.internal", 443)
    assert not allow.names("sub.hooks.internal", 443)


@pytest.mark.parametrize(
    "entry",
    ["10.0.0.1/8", "10.0.0.0/33", "300.1.1.1", "host:0", "host:70000", "http://host/", "a b", "-a", "*.x"],
)
def test_an_entry_that_cannot_be_read_is_quoted(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is no network|there is no port") as fault:
        AllowList.parse([entry])

    assert repr(entry) in str(fault.value)


def test_the_operator_lists_entries_with_commas() -> None:
    settings = EgressSettings(allow=" 10.0.0.0/8, hooks.internal:8080,,")

    assert settings.entries == ("10.0.0.0/8", "hooks.internal:8080")
    with pytest.raises(ValidationError, match="is no network"):
        EgressSettings(allow="10.0.0.0/8 hooks.internal")
