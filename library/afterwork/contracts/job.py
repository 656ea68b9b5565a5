"""A job as it is seen from outside: its record, its attempts and its errors."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class JobState(StrEnum):
    """Where a job is in its life; the last three are final."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self in _FINAL


_FINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class Priority(StrEnum):
    """Which lane of its queue a job waits in."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Durability(StrEnum):
    """What Redis' confirmation of a job was worth when it was accepted.

    memory: no append-only file. everysec: at most about a second is lost with the machine. fsync: on disk.
    replica: on disk and on a replica. unknown: the server does not say.
    """

    MEMORY = "memory"
    EVERYSEC = "everysec"
    FSYNC = "fsync"
    REPLICA = "replica"
    UNKNOWN = "unknown"


class Seen(BaseModel):
    """A model that Afterwork sends: immutable; a reader ignores fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)


class Problem(Seen):
    """A problem document (RFC 9457): why an attempt or a job failed.

    exception: class of the exception, if one was raised. retryable: whether another attempt may help.
    """

    type: str
    title: str
    status: int
    detail: str
    retryable: bool = False
    attempt: int | None = None
    exception: str | None = None

    @property
    def code(self) -> str:
        """The last part of `type`."""
        return self.type.rpartition("/")[2]


class Progress(Seen):
    """How far a job says it is: `done` of `total` (None if unknown), in units of its own, and a word on it."""

    done: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    total: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    note: str | None = None


class LogLine(Seen):
    """A line that a job logged. version: of the record that it came with."""

    at: datetime
    level: str
    text: str
    version: int


class Attempt(Seen):
    """One run of a job. A death of the worker stands here too, with `error` of type worker-lost."""

    attempt: int
    started_at: datetime
    finished_at: datetime | None
    worker: str
    error: Problem | None


class JobSummary(Seen):
    """A job as it stands in a list: everything but its result and its history.

    attempt: attempts begun, deaths of workers and snoozes not counted. claims: how often a worker took it, deaths
    and snoozes included. deaths: workers that died under it. version: grows by every change of the record.
    run_at: the time before which it does not start. start_before: the time by which it must start, or it is cancelled.
    retention: seconds for which the record is kept after the end; None for the default of its state.
    parent: id of the job that this one follows, if any. progress: as the handler last said.
    error: set if the job failed or was cancelled. function: of a job of kind `arq`, the plain function that it calls.
    as_of: Redis' time when this was read, by which all other times are meant; not part of what is sent.
    """

    id: str
    kind: str
    queue: str
    state: JobState
    priority: Priority
    attempt: int
    max_attempts: int
    claims: int
    deaths: int
    timeout: float
    durability: Durability
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: Problem | None
    unique_key: str | None
    parent: str | None = None
    tags: list[str] = []
    start_before: datetime | None = None
    retention: float | None = None
    progress: Progress | None = None
    cancel_requested: bool
    worker: str | None
    function: str | None = None
    version: int
    as_of: datetime = Field(exclude=True)


class Job(JobSummary):
    """The whole record. `history` holds the last 20 attempts, oldest first, the running one last.

    then: kinds of the jobs that are submitted when it succeeds. followers: their ids, in the same order, once it has;
    one whose `unique_key` was taken by then stands there as the job that has it.
    """

    result: Any = None  # any JSON value: what the handler returned
    history: list[Attempt] = []
    then: list[str] = []
    followers: list[str] = []
