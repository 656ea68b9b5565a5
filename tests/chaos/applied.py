"""Whether a fault really happened: what did not happen proves nothing."""

import time

from redis import Redis


class NotAppliedError(Exception):
    """The fault did not happen, so that surviving it would prove nothing."""


def require(fact: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise NotAppliedError unless it is so."""
    if not fact:
        raise NotAppliedError(what)


def ping(url: str, timeout: float) -> float:
    """Seconds that a call takes over a new connection; raises redis-py's TimeoutError."""
    with Redis.from_url(url, socket_timeout=timeout) as client:
        client.ping()
        before = time.monotonic()
        client.ping()
        return time.monotonic() - before
