"""Jobs that are followed by others, for tests of the scripts."""

from itertools import count
from typing import Any

from tests.integration.engine.transitions import (
    Alpha,
    Beta,
    ScriptedWorker,
    Transitions,
    new_job,
)

from afterwork.contracts import FollowUp, Job, JobOptions
from afterwork.engine.jobs import records
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.following import Following
from afterwork.engine.work.outcome import Done

KINDS = {kind.meta.kind: kind for kind in (Alpha, Beta)}


def following(prefix: str = "next") -> Following:
    """Gives ids that begin so."""
    numbers = count(1)
    return Following("q", KINDS, lambda: f"{prefix}-{next(numbers)}")


def done(claim: Claim, result: bytes = b"[]", prefix: str = "next") -> Done:
    """A success, with what follows it."""
    return Done(result, following(prefix).of(claim.id, result, claim.then))


def beta(text: str = "", **options: Any) -> FollowUp:  # noqa: ANN401 - any options
    """A follow-up of the kind Beta."""
    return FollowUp(kind="beta.run", payload={"text": text}, options=JobOptions(**options))


def job_of(transitions: Transitions, job_id: str) -> Job:
    """The job as a client reads it."""
    return records.job_from(job_id, transitions.call("get", job_id, ""))


def started(transitions: Transitions, *then: FollowUp, **options: object) -> tuple[ScriptedWorker, Claim]:
    """A job with these follow-ups, claimed."""
    worker = ScriptedWorker(transitions, kinds=(Alpha,))
    transitions.submit(new_job("a", then=then, **options))  # type: ignore[arg-type]
    (claim,) = worker.claim()
    return worker, claim
