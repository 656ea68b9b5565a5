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


class FeedEvent(Seen):
    """A job entered a state: one event of the feed of all jobs.

    id: where it stands in the feed. version: of the job's record. at: by Redis' clock.
    """

    id: str
    job_id: str
    kind: str
    queue: str
    state: JobState
    version: int
    at: datetime


class FeedGap(Seen):
    """Events are missing here, because the feed keeps no more than the last ones. id: from which it goes on.

    after: the last event that had been seen.
    """

    id: str
    after: str
