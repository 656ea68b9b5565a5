"""What a client submits, what it gets back, and how both cross the wire to `submit.lua`."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import uuid_utils

from afterwork.contracts import Amendment, Contract, Durability, Job, JobOptions, JobState
from afterwork.engine.codec import encode_payload
from afterwork.engine.jobs.follow_ups import encode_then, kinds_of
from afterwork.engine.scripts import Argument


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
        return cls(job, options or JobOptions(), idempotency, owner, str(uuid_utils.uuid7()))


@dataclass(frozen=True, slots=True)
class Submitted:
    """replayed: an earlier request with the same idempotency key stored the job."""

    job: Job
    replayed: bool


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
    def of(cls, row: Sequence[Any], durability: Durability) -> "Verdict":
        """From one row of the script's reply."""
        name, job_id, *times = row
        created, due, now = (int(time) for time in times)
        return cls(name.decode(), job_id.decode(), created, due, now, durability)

    @classmethod
    def full(cls, durability: Durability) -> "Verdict":
        """Redis refused the whole call for want of memory."""
        return cls("full", "", 0, 0, 0, durability)


def wire(submission: Submission) -> list[Argument]:
    """The submission as the arguments of one item of `submit.lua`."""
    job, options, meta = submission.job, submission.options, submission.job.meta
    scope, body = _idempotency(submission)
    return [
        submission.id,
        job.target_queue(),
        meta.kind,
        options.priority,
        *due_wire(options),
        options.max_attempts or meta.max_attempts,
        round((options.timeout or meta.timeout) * 1000),
        submission.owner,
        options.unique_key or "",
        scope,
        body,
        *life_wire(options),
        kinds_of(options.then),
        encode_then(options.then),
        encode_payload(job, time.time_ns() // 1_000_000),
    ]


def due_wire(options: JobOptions) -> tuple[str, int]:
    """When the job is due: what ms count from, delay or at, and ms."""
    if options.run_at is not None:
        return "at", milliseconds_of(options.run_at)
    return "delay", round((options.delay or 0) * 1000)


def life_wire(options: JobOptions) -> list[Argument]:
    """tags, start_before and retention; empty where there is none."""
    return [
        "\n".join(options.tags),
        milliseconds_of(options.start_before) if options.start_before else "",
        round(options.retention * 1000) if options.retention else "",
    ]


def amendment_wire(amendment: Amendment) -> list[Argument]:
    """The amendment as the last arguments of `amend.lua`."""
    tags = amendment.tags
    return [
        milliseconds_of(amendment.run_at) if amendment.run_at else "",
        amendment.priority or "",
        int(tags is not None),
        "\n".join(tags or []),
    ]


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
        then=[follow_up.kind for follow_up in options.then],
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


def _idempotency(submission: Submission) -> tuple[str, str]:
    key = submission.idempotency
    if key is None:
        return "", ""
    return f"{submission.owner}:{_digest(key.key.encode())}", _digest(key.body)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
