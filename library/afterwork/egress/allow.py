"""What the operator allows beyond the public Internet: networks, addresses and hosts, these with a port or without."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

from afterwork.egress.addresses import METADATA, Address

_HOST = re.compile(r"(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_WITH_PORT = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})", re.ASCII)
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class _Host:
    name: str
    port: int | None


@dataclass(frozen=True, slots=True)
class _Network:
    network: IPv4Network | IPv6Network
    port: int | None


@dataclass(frozen=True, slots=True)
class AllowList:
    """hosts: whatever they resolve to is allowed. networks: whoever resolves into them is allowed."""

    hosts: tuple[_Host, ...]
    networks: tuple[_Network, ...]

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """From `10.0.0.0/8`, `127.0.0.1:8080`, `[::1]:8080`, `hooks.internal`, `hooks.internal:8080`.

        Raises ValueError, which quotes the entry.
        """
        parsed = [_entry(entry.strip().lower()) for entry in entries if entry.strip()]
        return cls(
            tuple(entry for entry in parsed if isinstance(entry, _Host)),
            tuple(entry for entry in parsed if isinstance(entry, _Network)),
        )

    def names(self, host: str, port: int) -> bool:
        """Whether the host itself is allowed, by name."""
        return any(entry.name == host and entry.port in {None, port} for entry in self.hosts)

    def holds(self, address: Address, port: int) -> bool:
        """Whether the address is allowed; one of a cloud's metadata only if it is named alone."""
        return any(
            entry.port in {None, port}
            and address in entry.network
            and (address not in METADATA or entry.network.num_addresses == 1)
            for entry in self.networks
        )


def _entry(text: str) -> _Host | _Network:
    found = _WITH_PORT.fullmatch(text)
    host, port = (found["host"].strip("[]"), int(found["port"])) if found else (text, None)
    if port is not None and not 0 < port <= HIGHEST_PORT:
        raise ValueError(f"{text!r}: there is no port {port}")
    try:
        return _Network(ip_network(host), port)
    except ValueError as error:
        if "/" in host or _is_address(host) or not _HOST.fullmatch(host) or host.replace(".", "").isdigit():
            raise ValueError(
                f"{text!r} is no network, address or host, with :port or without: {error}"
            ) from None
    return _Host(host.rstrip("."), port)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
