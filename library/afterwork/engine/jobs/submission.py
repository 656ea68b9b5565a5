"""What a client submits, and what it gets back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import uuid_utils

from afterwork.contracts import Contract, Durability, Job, JobOptions, JobState

_NO_OPTIONS = JobOptions()


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for one request (draft-ietf-httpapi-idempotency-key-header).

    body: what must be the same when the key comes again.
    """

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """One job to submit. `id` is made by the client (UUIDv7) and repeated after a lost reply.

    owner: on whose behalf, so that the unique and idempotency keys of two owners never meet.
    """

    job: Contract
    options: JobOptions
    idempotency: IdempotencyKey | None
    owner: str
    id: str

    @classmethod
    def of(
        cls,
        job: Contract,
        options: JobOptions | None = None,
        idempotency: IdempotencyKey | None = None,
        owner: str = "",
    ) -> "Submission":
        """A submission with a new id."""
        return cls(job, options or _NO_OPTIONS, idempotency, owner, str(uuid_utils.uuid7()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `submit.lua` decided about one job; times in ms of Redis' clock.

    name: stored · same · duplicate · mismatch · full. id: the job's, or of the one that was there first.
    """

    name: str
    id: str
    created: int
    due: int
    now: int
    durability: Durability

    @classmethod
    def full(cls, durability: Durability) -> "Verdict":
        """Redis refused the whole call for want of memory."""
        return cls("full", "", 0, 0, 0, durability)


@dataclass(frozen=True)
class Submitted:
    """A job that is stored. replayed: an earlier request with the same idempotency key stored it."""

    id: str
    replayed: bool
    look: Callable[[], Job]

    @cached_property
    def job(self) -> Job:
        """The job as it is: fresh, or as it was found if replayed. Made at the first use, which takes a while."""
        return self.look()


def fresh_job(submission: Submission, verdict: Verdict) -> Job:
    """The job as it is right after it was stored, from what was sent and the script's verdict."""
    job, options, meta = submission.job, submission.options, submission.job.meta
    return Job(
        id=submission.id,
        kind=meta.kind,
        queue=job.target_queue(),
        state=JobState.SCHEDULED if verdict.due > verdict.now else JobState.QUEUED,
        priority=options.priority,
        attempt=0,
        max_attempts=options.max_attempts or meta.max_attempts,
        claims=0,
        deaths=0,
        timeout=_kept(options.timeout or meta.timeout),
        durability=verdict.durability,
        created_at=moment(verdict.created),
        run_at=moment(verdict.due),
        started_at=None,
        finished_at=None,
        error=None,
        unique_key=options.unique_key,
        tags=options.tags,
        start_before=moment(milliseconds_of(options.start_before)) if options.start_before else None,
        retention=_kept(options.retention) if options.retention else None,
        cancel_requested=False,
        worker=None,
        version=1,
        progress=None,
        parent=None,
        result=None,
        history=[],
        then=[follow_up.kind for follow_up in options.then],
        followers=[],
        as_of=moment(verdict.now),
    )


def moment(milliseconds: int) -> datetime:
    """A Redis time in ms as a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds_of(time: datetime) -> int:
    """A time as ms since 1970, earlier ones as 0."""
    return max(0, round(time.timestamp() * 1000))


def _kept(seconds: float) -> float:
    """A length of time as the record has it, in whole ms."""
    return round(seconds * 1000) / 1000
