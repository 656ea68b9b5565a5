"""Connect only to addresses that may be called: each is checked after the name was resolved, and called as checked."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from afterwork.egress.addresses import METADATA, Address, is_public, plain
from afterwork.egress.allow import AllowList
from afterwork.errors import EgressRefused

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From host and port to IP addresses. Raises OSError (socket.gaierror) if there are none."""


async def resolve(host: str, port: int) -> list[str]:
    """As the system does it."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Guard(AsyncNetworkBackend):
    """The network as httpcore sees it. public: whether the public Internet may be called, or only what is allowed."""

    def __init__(self, allow: AllowList, resolve: Resolve, *, public: bool) -> None:
        self._allow = allow
        self._resolve = resolve
        self._public = public
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(  # noqa: PLR0917 - the signature is httpcore's
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the same
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of the host that answers. Raises EgressRefused unless all may be called."""
        deadline = None if timeout is None else time.monotonic() + timeout
        *first, last = await self._checked(host, port, timeout)
        for untried, address in zip(range(len(first) + 1, 1, -1), first, strict=True):
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                seconds = _left(deadline, untried)
                return await self._network.connect_tcp(address, port, seconds, local_address, socket_options)
        return await self._network.connect_tcp(last, port, _left(deadline), local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Between attempts of httpcore's own."""
        await self._network.sleep(seconds)

    async def _checked(self, host: str, port: int, seconds: float | None) -> list[str]:
        try:
            async with asyncio.timeout(seconds):
                found = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        if not found:
            raise httpcore.ConnectError(f"{host} has no address")
        name = host.lower().rstrip(".")
        for text in found:
            self._check(name, port, plain(ip_address(text)))
        return found

    def _check(self, name: str, port: int, address: Address) -> None:
        if self._allow.holds(address, port) or (self._public and is_public(address)):
            return
        if self._allow.names(name, port) and address not in METADATA:
            return
        fault = "is not called by http:" if is_public(address) else "is not on the public Internet"
        raise EgressRefused(f"{name}, port {port}, {fault}, and not among what the operator allows")


def _left(deadline: float | None, attempts: int = 1) -> float | None:
    """Seconds for the next of so many attempts."""
    return None if deadline is None else max(0.01, (deadline - time.monotonic()) / attempts)
