"""Where a process may listen: beyond this machine only if it asks for API keys."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address


class Unreachable(Exception):
    """The host is not one to listen on; the text says why, in words that can follow its name."""


def addresses_of(host: str) -> Sequence[str]:
    """All addresses of a name, IPv4 before IPv6. Raises Unreachable."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no name"
        raise Unreachable(f"cannot be resolved: {reason}") from error
    found.sort(key=lambda entry: entry[0] is not socket.AF_INET)
    return [str(address[0]) for _, _, _, _, address in found]


def address_of(host: str, *, has_keys: bool, resolve: Callable[[str], Sequence[str]] = addresses_of) -> str:
    """The address to listen on for a name or an address: its first.

    has_keys: whether callers are asked for API keys; if not, all its addresses must be loopback (RFC 1122, section
    3.2.1.3; RFC 4291, section 2.5.3), as they may change places. Raises Unreachable.
    """
    addresses = resolve(host)
    if not has_keys and not all(ip_address(address).is_loopback for address in addresses):
        raise Unreachable(
            "others can reach it, so it needs API keys: make one with `afterwork keys create` "
            "and set AFTERWORK_API_KEYS, or listen on 127.0.0.1"
        )
    return addresses[0]
