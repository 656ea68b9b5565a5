"""What the history of a job holds: attempts that ended, and states that it entered without the end of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from afterwork.contracts import Attempt, JobState, Problem
from afterwork.engine.codec import OWN_PROBLEMS
from afterwork.engine.jobs.submission import moment


@dataclass(frozen=True, slots=True)
class Entry:
    """The job entered a state. version: of the record, by then. error: why the attempt before, or the job, failed.

    number, run: the last attempt begun and, if its end was what led to the state, how it ran.
    """

    number: int
    at: datetime
    version: int
    state: JobState
    error: Problem | None
    run: "Run | None"


@dataclass(frozen=True, slots=True)
class Run:
    """An attempt that ended. version: of the record, when it began. was_released: its worker handed the job back."""

    started_at: datetime
    worker: str
    version: int
    was_released: bool


def entry_from(line: bytes) -> Entry:
    """An entry as `remember` and `mark` in `lua/parts/records.lua` write it."""
    number, started, at, worker, begun, version, state, error = line.decode().split("\n", 7)
    was_released = error == "released"
    return Entry(
        number=int(number),
        at=moment(int(at)),
        version=int(version),
        state=JobState(state),
        error=None if was_released else _problem(error),
        run=Run(moment(int(started)), worker, int(begun), was_released) if started else None,
    )


def attempts_in(history: Iterable[bytes]) -> list[Attempt]:
    """Those that count for something, oldest first."""
    return [
        Attempt(
            attempt=entry.number,
            started_at=entry.run.started_at,
            finished_at=entry.at,
            worker=entry.run.worker,
            error=entry.error,
        )
        for entry in map(entry_from, history)
        if entry.run and not entry.run.was_released
    ]


def _problem(error: str) -> Problem | None:
    return Problem.model_validate_json(OWN_PROBLEMS.get(error, error)) if error else None
