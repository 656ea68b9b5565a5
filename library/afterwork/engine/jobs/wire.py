"""How submissions and amendments cross the wire to their scripts, and verdicts come back."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from afterwork.contracts import Amendment, Durability, JobOptions
from afterwork.engine.codec import encode_payload
from afterwork.engine.jobs.follow_ups import encode_then, kinds_of
from afterwork.engine.jobs.submission import Submission, Verdict, milliseconds_of
from afterwork.engine.scripts import Argument


@dataclass(frozen=True, slots=True)
class Wire:
    """A submission as `submit.lua` takes it.

    shared: what jobs that are alike have in common, and is sent once for them. own: id, idempotency, body, payload.
    size: bytes of its payload and of what follows.
    """

    shared: tuple[Argument, ...]
    own: tuple[str, str, str, bytes]
    size: int


def wire(submission: Submission) -> Wire:
    """The submission as one item of `submit.lua`."""
    job, options, meta = submission.job, submission.options, submission.job.meta
    scope, body = _idempotency(submission)
    payload, then = encode_payload(job, time.time_ns() // 1_000_000), encode_then(options.then)
    shared = (
        job.target_queue(),
        meta.kind,
        options.priority,
        *due_wire(options),
        options.max_attempts or meta.max_attempts,
        round((options.timeout or meta.timeout) * 1000),
        submission.owner,
        options.unique_key or "",
        *life_wire(options),
        kinds_of(options.then),
        then,
    )
    return Wire(shared, (submission.id, scope, body, payload), len(payload) + len(then))


def submit_arguments(items: Iterable[Wire]) -> Iterator[Argument]:
    """The arguments of `submit.lua` after the durability: what stands side by side and is alike as one group."""
    for shared, group in groupby(items, attrgetter("shared")):
        alike = [item.own for item in group]
        yield len(alike)
        yield from shared
        for own in alike:
            yield from own


def verdicts_of(reply: Sequence[Any], ids: Sequence[str], durability: Durability) -> list[Verdict]:
    """From the reply of `submit.lua` on the jobs with these ids."""
    now, *rows = reply
    return [
        Verdict("stored", job_id, now, row, now, durability)
        if isinstance(row, int)
        else Verdict(row[0].decode(), row[1].decode(), int(row[2]), int(row[3]), now, durability)
        for job_id, row in zip(ids, rows, strict=True)
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


def _idempotency(submission: Submission) -> tuple[str, str]:
    key = submission.idempotency
    if key is None:
        return "", ""
    return f"{submission.owner}:{_digest(key.key.encode())}", _digest(key.body)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
