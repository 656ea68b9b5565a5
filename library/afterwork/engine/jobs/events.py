"""What happened to a job since a version of its record, told from the record, its history and its log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afterwork.contracts import Job, JobEvent, JobState, LogLine, Progress, StateChange
from afterwork.engine.jobs import records


@dataclass(frozen=True, slots=True)
class Happened:
    """events: in the order of their versions, a state after the lines and the progress that came with it."""

    events: list[JobEvent]
    version: int
    is_over: bool


def events_since(job_id: str, reply: Sequence[Any], after: int) -> Happened:
    """From a reply of `get.lua` with the log: what came later than version `after`, which may be 0."""
    job = records.job_from(job_id, reply)
    events = [
        *(JobEvent(version=line.version, what=line) for line in records.log_from(reply)),
        *_progress(records.progress_from(reply)),
        *_states(job, reply),
    ]
    news = sorted((event for event in events if event.version > after), key=_order)
    return Happened(news, job.version, job.state.is_final)


def _progress(versioned: tuple[int, Progress] | None) -> list[JobEvent]:
    return [JobEvent(version=versioned[0], what=versioned[1])] if versioned else []


def _states(job: Job, reply: Sequence[Any]) -> list[JobEvent]:
    """One event per version: what the record says now counts more than what the history concluded then."""
    current = records.state_version(reply)
    first = JobState.SCHEDULED if job.state is JobState.SCHEDULED and current == 1 else JobState.QUEUED
    changes = {1: StateChange(state=first, attempt=0, at=job.created_at, worker=None, error=None)}
    for ended in map(records.ended_attempt, reply[2]):
        attempt = ended.attempt
        changes[ended.begun] = StateChange(
            state=JobState.RUNNING,
            attempt=attempt.attempt,
            at=attempt.started_at,
            worker=attempt.worker,
            error=None,
        )
        changes[ended.ended] = StateChange(
            state=ended.after,
            attempt=attempt.attempt,
            at=attempt.finished_at,
            worker=None,
            error=attempt.error,
        )
        if ended.after.is_final and ended.ended + 1 < current:  # then the next change was a retry
            changes[ended.ended + 1] = StateChange(
                state=JobState.QUEUED, attempt=0, at=None, worker=None, error=None
            )
    if current not in changes or job.state.is_final:
        changes[current] = _current(job)
    return [JobEvent(version=version, what=change) for version, change in changes.items()]


def _current(job: Job) -> StateChange:
    is_running = job.state is JobState.RUNNING
    since = job.started_at if is_running else job.finished_at if job.state.is_final else job.run_at
    return StateChange(
        state=job.state,
        attempt=job.attempt,
        at=since,
        worker=job.worker if is_running else None,
        error=job.error,
    )


def _order(event: JobEvent) -> tuple[int, int]:
    return event.version, (LogLine, Progress, StateChange).index(type(event.what))
