"""Check the addresses of the command line before anything is started: where to listen, which Redis to use."""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from afterwork.api_keys import parse_keys
from afterwork.listening import Unreachable, address_of
from afterwork_up.refusal import Refusal

LOOK_EVERY = 0.1


def asks_for_keys(text: str | None) -> bool:
    """Whether `AFTERWORK_API_KEYS` is set; a wrong or empty value is refused here, as the gateway would."""
    try:
        return text is not None and bool(parse_keys(text))
    except ValueError as fault:
        message = f"AFTERWORK_API_KEYS: {fault}"
        raise Refusal(message) from fault


def listenable(host: str, *, has_keys: bool) -> str:
    """The address to listen on; one that other machines reach is refused without API keys."""
    try:
        return address_of(host, has_keys=has_keys)
    except Unreachable as fault:
        message = f"--host {host}: {fault}"
        raise Refusal(message) from fault


def free_port(host: str, port: int, *, patience: float, sleep: Callable[[float], None] = time.sleep) -> int:
    """The port if it can be listened on (for 0: one that can), waiting for up to `patience` seconds for it."""
    with bound(host, port, option="--port", patience=patience, sleep=sleep) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def listening(host: str, port: int, *, option: str, patience: float) -> Iterator[socket.socket]:
    """A socket that listens on the port (for 0: any free one), closed in the end; a child may inherit it."""
    with bound(host, port, option=option, patience=patience) as held:
        held.listen()
        yield held


def bound(
    host: str, port: int, *, option: str, patience: float, sleep: Callable[[float], None] = time.sleep
) -> socket.socket:
    """A socket bound as servers do it; raises Refusal, which names the option, if the port cannot be had in time."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                message = f"cannot listen on {host} port {port}: {reason(error, option)}"
                raise Refusal(message) from error
        sleep(LOOK_EVERY)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        # as asyncio's servers do: connections in TIME_WAIT do not count
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def reason(error: OSError, option: str) -> str:
    """Why a port cannot be had, and what to do where that is known."""
    if error.errno == errno.EADDRINUSE:
        return f"another program uses it (choose another with {option})"
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
