"""What is told of a job while it lives: the events of `GET /v1/jobs/{id}/events`."""

from datetime import datetime

from afterwork.contracts.job import JobState, LogLine, Problem, Progress, Seen


class StateChange(Seen):
    """The job entered a state. attempt: the last one begun. error: why the attempt before, or the job, failed."""

    state: JobState
    attempt: int
    at: datetime | None
    worker: str | None
    error: Problem | None


class JobEvent(Seen):
    """One event. version: of the record; several events may share one. what: its kind is told by its class."""

    version: int
    what: StateChange | Progress | LogLine
