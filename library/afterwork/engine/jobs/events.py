"""What happened to a job since a version of its record, told from the record, its history and its log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterwork.contracts import Job, JobEvent, JobState, LogLine, Problem, Progress, StateChange
from afterwork.engine.jobs import records
from afterwork.engine.jobs.history import entry_from


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
    """One event per version; of several that tell of one, the last, which knows best why the job ended."""
    changes = {1: _change(records.first_state(reply), 0, job.created_at)}
    for entry in map(entry_from, reply[2]):
        if run := entry.run:
            changes[run.version] = _change(JobState.RUNNING, entry.number, run.started_at, run.worker)
        changes[entry.version] = _change(entry.state, entry.number, entry.at, error=entry.error)
    if job.state is JobState.RUNNING:
        changes[records.state_version(reply)] = _change(job.state, job.attempt, job.started_at, job.worker)
    elif job.state.is_final:
        changes[records.state_version(reply)] = _change(
            job.state, job.attempt, job.finished_at, error=job.error
        )
    return [JobEvent(version=version, what=change) for version, change in changes.items()]


def _change(
    state: JobState,
    attempt: int,
    at: datetime | None,
    worker: str | None = None,
    *,
    error: Problem | None = None,
) -> StateChange:
    return StateChange(state=state, attempt=attempt, at=at, worker=worker, error=error)


def _order(event: JobEvent) -> tuple[int, int]:
    return event.version, (LogLine, Progress, StateChange).index(type(event.what))
