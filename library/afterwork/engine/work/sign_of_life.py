"""The worker's sign of life as ARQ writes it, under ARQ's key and in ARQ's words, so that ARQ's own check finds it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from redis.exceptions import RedisError

from afterwork.engine import scripts
from afterwork.engine.scripts import SyncServer

MARGIN = 1.0
"""Seconds for which it holds beyond the time at which the next one is due."""


class SignOfLife:
    """One worker's. interval: seconds between two of them. describe: the worker's counts, in ARQ's words.

    Without Redis nothing is written; it lapses by itself then.
    """

    def __init__(self, queue: str, *, interval: float, describe: Callable[[], str]) -> None:
        self._queue = queue
        self._holds = round((interval + MARGIN) * 1000)
        self._describe = describe
        self._text = ""

    def show(self, redis: SyncServer) -> None:
        """Write it, for another interval."""
        self._text = f"{datetime.now(UTC).astimezone():%b-%d %H:%M:%S} {self._describe()}"
        self._write(redis, self._holds)

    def withdraw(self, redis: SyncServer) -> None:
        """The worker ends; what another worker of the queue has written stays."""
        self._write(redis, 0)

    def _write(self, redis: SyncServer, holds: int) -> None:
        with suppress(RedisError, OSError):
            scripts.call_sync(redis, scripts.script("health"), self._queue, holds, self._text)
