"""Accepts a job: stores it, waits for its end if that is preferred, and says so; what all submissions share."""

from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.contracts import Job
from afterwork.engine import IdempotencyKey
from gateway.http.preference import Preference, preference
from gateway.http.responses import answer, headers, request_header
from gateway.jobs.answers import accepted
from gateway.jobs.consequences import check_scopes
from gateway.jobs.idempotency import PATTERN
from gateway.jobs.representation import JobResource
from gateway.jobs.submission import JobRequest
from gateway.jobs.waiting import await_end
from gateway.parts import Parts

VARY = {"Vary": "Prefer"}
PREFER = request_header("Prefer", "`wait=N`: answer when the job has ended, or after N seconds (at most 60).")
IDEMPOTENCY_KEY = request_header(
    "Idempotency-Key", 'One job per key, for 24 hours: `"any string"`.', pattern=PATTERN
)
SUBMISSION_HEADERS = headers(IDEMPOTENCY_KEY, PREFER)
_SAID = ("ETag", "Idempotency-Replayed", "Location", "Preference-Applied", "Vary")
ACCEPTS = {
    **answer(202, JobResource, "Accepted: the job is stored.", *_SAID, "Retry-After"),
    **answer(200, JobResource, "The job is stored and has ended within the preferred wait.", *_SAID),
}
REFUSES = (
    errors.MalformedJson,
    errors.BadParameter,
    errors.RequestTimeout,
    errors.NotFound,
    errors.DuplicateJob,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.InvalidPayload,
    errors.IdempotencyMismatch,
    errors.QueueUnavailable,
    errors.QueueFull,
)
"""What any submission may be refused with."""


async def accept(
    wanted: JobRequest, key: IdempotencyKey | None, request: Request, built: Parts, *, owner: str
) -> Response:
    """Store the job and answer 202, or 200 if it has ended within the time that the client prefers to wait.

    Raises what `JobClient.submit` raises, and MissingScope.
    """
    check_scopes(wanted, request)
    submitted = await built.client.submit(wanted.payload, wanted.options, idempotency=key, owner=owner)
    preferred = preference(request.headers.getlist("prefer"))
    job = await _as_preferred(submitted.job, preferred, request, built)
    return _submitted(job, preferred, replayed=submitted.replayed)


async def _as_preferred(job: Job, preferred: Preference, request: Request, built: Parts) -> Job:
    """Wait as the client prefers; whatever becomes of that, the job is stored."""
    if preferred.wait is None:
        return job
    try:
        return await await_end(job.id, preferred.wait, request, built)
    except errors.AfterworkError:
        return job


def _submitted(job: Job, preferred: Preference, *, replayed: bool) -> Response:
    has_ended = preferred.wait is not None and job.state.is_final
    told = VARY | preferred.applied(answered_async=not has_ended)
    if replayed:
        told["Idempotency-Replayed"] = "true"
    return accepted(job, told, status=200 if has_ended else 202)
