"""What a thread reports, collected until the loop takes it: however often it reports, the loop hears of it seldom."""

import asyncio
import threading
from collections import deque
from contextlib import suppress

from afterwork.contracts import Progress
from afterwork.engine import keys
from afterwork.engine.work.executor import Execution
from afterwork.engine.work.run import Channel

PAUSE = 0.2
"""Seconds between two times at which the loop takes what one thread has reported, at least."""


class ThreadReports:
    """Of one attempt. The latest progress and the last lines are kept, as many as the job's log holds.

    `progress` and `log` may be called from any thread, `flush` in the loop only.
    """

    def __init__(self, channel: Channel, execution: Execution, loop: asyncio.AbstractEventLoop) -> None:
        self._channel = channel
        self._execution = execution
        self._loop = loop
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._lines: deque[tuple[str, str]] = deque(maxlen=keys.LOG_LENGTH)
        self._is_scheduled = False

    def progress(self, progress: Progress) -> None:
        """Keep the latest."""
        with self._lock:
            self._progress = progress
            self._schedule()

    def log(self, level: str, text: str) -> None:
        """Keep a line."""
        with self._lock:
            self._lines.append((level, text))
            self._schedule()

    def flush(self) -> None:
        """Hand on what is pending; what has ended has no report any more that somebody would write."""
        with self._lock:
            progress, self._progress = self._progress, None
            lines = list(self._lines)
            self._lines.clear()
        if self._execution.has_ended:
            return
        for level, text in lines:
            self._channel.log(level, text)
        if progress is not None:
            self._channel.progress(progress)

    def _schedule(self) -> None:
        """Under the lock."""
        if self._is_scheduled or self._execution.has_ended:
            return
        self._is_scheduled = True
        with suppress(RuntimeError):  # the loop is closed, nobody takes it any more
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        """Hand on, and look again later, until a look has found nothing."""
        with self._lock:
            self._is_scheduled = bool(self._lines) or self._progress is not None
            goes_on = self._is_scheduled
        if goes_on:
            self.flush()
            self._loop.call_later(PAUSE, self._take)
