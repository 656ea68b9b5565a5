"""One run of a job by one worker, whoever tells of it."""

import math
from dataclasses import dataclass

from afterwork.contracts import Attempt


def pid_of(worker: str) -> int:
    """The process id in the name of a worker: `<queue>-<host>-<pid>-<random>`."""
    return int(worker.split("-")[-2])


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job by a worker. began, ended: in seconds since 1970. outcome: of what was not a success."""

    worker: str
    began: float
    ended: float
    outcome: str | None

    @property
    def pid(self) -> int:
        """Of the worker's process."""
        return pid_of(self.worker)

    @classmethod
    def of(cls, attempt: Attempt) -> "Run":
        """From a job's history."""
        ended = math.inf if attempt.finished_at is None else attempt.finished_at.timestamp()
        outcome = attempt.error.code if attempt.error else None
        return cls(attempt.worker, attempt.started_at.timestamp(), ended, outcome)
