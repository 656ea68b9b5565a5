"""What handlers report while they run: progress and log lines, written at most once a second for each job."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from afterwork.engine import keys
from afterwork.engine.scripts import Argument

INTERVAL = 1.0
"""Seconds between two reports of one attempt, at least."""


@dataclass(frozen=True, slots=True)
class Line:
    """A log line. at: seconds of the monotonic clock."""

    at: float
    level: str
    text: str


@dataclass(slots=True)
class Report:
    """What one attempt has reported and nobody has written yet. progress: JSON, or empty if it is as it was."""

    job_id: str = ""
    token: str = ""
    progress: bytes = b""
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=keys.LOG_LENGTH))

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        return len(self.progress) + sum(len(line.text) for line in self.lines)

    @property
    def is_any(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.progress or self.lines)

    def wire(self, now: float) -> list[Argument]:
        """progress, number of lines, and per line: age in ms, level, text."""
        arguments: list[Argument] = [self.progress, len(self.lines)]
        for line in self.lines:
            arguments += [round((now - line.at) * 1000), line.level, line.text]
        return arguments


class Reports:
    """Collects what attempts report; the pump writes what is due. All methods are called in the loop.

    on_due: called when there is something to write.
    """

    def __init__(self, on_due: Callable[[], None]) -> None:
        self._on_due = on_due
        self._open: dict[str, _Open] = {}
        self._due: dict[str, None] = {}

    def open(self, job_id: str, token: str) -> None:
        """An attempt begins; what is reported before that or after its end is nobody's."""
        self._open[token] = _Open(Report(job_id, token))

    def progress(self, token: str, body: bytes) -> None:
        """Keep the latest progress of an attempt."""
        if opened := self._open.get(token):
            opened.report.progress = body
            self._schedule(token, opened)

    def log(self, token: str, level: str, text: str) -> None:
        """Keep a line; of more than 100 within a second, the last."""
        if opened := self._open.get(token):
            opened.report.lines.append(Line(time.monotonic(), level, text))
            self._schedule(token, opened)

    def close(self, token: str) -> Report:
        """The attempt is over: what is left of its report, to be written together with its end."""
        opened = self._open.pop(token, None)
        self._due.pop(token, None)
        if opened is None:
            return Report()
        if opened.timer is not None:
            opened.timer.cancel()
        return opened.report

    def take(self) -> list[Report]:
        """Reports that are due, as many as fit into one call."""
        taken: list[Report] = []
        size = 0
        for token in list(self._due)[: keys.BATCH_JOBS]:
            opened = self._open[token]
            if taken and size + opened.report.size > keys.BATCH_BYTES:
                break
            size += opened.report.size
            taken.append(opened.report)
            del self._due[token]
            opened.report = Report(opened.report.job_id, token)
            opened.not_before = asyncio.get_running_loop().time() + INTERVAL
        return taken

    @property
    def is_due(self) -> bool:
        """Whether there is something to write."""
        return bool(self._due)

    def _schedule(self, token: str, opened: "_Open") -> None:
        if token in self._due or opened.timer is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < opened.not_before:
            opened.timer = loop.call_at(opened.not_before, self._fall_due, token)
        else:
            self._fall_due(token)

    def _fall_due(self, token: str) -> None:
        self._open[token].timer = None
        self._due[token] = None
        self._on_due()


@dataclass(slots=True)
class _Open:
    """The reports of one attempt that runs. not_before: time of the loop's clock."""

    report: Report
    not_before: float = 0.0
    timer: asyncio.TimerHandle | None = None
