"""Check the addresses of the command line before anything is started: where to listen, which Redis to use."""

import errno
import ipaddress
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from afterwork_up.refusal import Refusal

LOOK_EVERY = 0.1


def loopback(host: str) -> str:
    """The address to listen on; one that other machines reach is refused, as long as there are no API keys."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        reaches_others = not ipaddress.ip_address(host).is_loopback
    except ValueError:
        reaches_others = True
    if reaches_others:
        message = f"--host {host}: must be a loopback address such as 127.0.0.1, as there are no API keys yet"
        raise Refusal(message)
    return host


def free_port(host: str, port: int, *, patience: float, sleep: Callable[[float], None] = time.sleep) -> int:
    """The port if it can be listened on (for 0: one that can), waiting for up to `patience` seconds for it."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                message = f"cannot listen on {host} port {port}: {reason(error)}"
                raise Refusal(message) from error
        sleep(LOOK_EVERY)


def bound(host: str, port: int) -> int:
    """Bind as the gateway will, and let go again; the port that it was."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # as asyncio's servers do: connections in TIME_WAIT do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def reason(error: OSError) -> str:
    """Why a port cannot be had, and what to do where that is known."""
    if error.errno == errno.EADDRINUSE:
        return "another program uses it (choose another with --port)"
    return error.strerror or str(error)


def redis_url(text: str) -> str:
    """The URL if it names a Redis or Valkey. What is wrong is told without the URL, which may hold a password."""
    try:
        url = urlsplit(text)
        usable = bool(url.path if url.scheme == "unix" else url.hostname and url.port != 0)
    except ValueError as error:
        message = f"--redis-url: {error}"
        raise Refusal(message) from error
    if url.scheme not in {"redis", "rediss", "unix"} or not usable:
        message = "--redis-url: expected redis://host:port/0, rediss://host:port/0 or unix:///path/of.sock"
        raise Refusal(message)
    return text
