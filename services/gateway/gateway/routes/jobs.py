"""`/v1/jobs`: submit jobs, list them, and look at one; the last two wait for its end if asked to."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from afterwork.contracts import Job
from gateway.http.authorization import Owner, needs
from gateway.http.json_body import read_json
from gateway.http.preference import Preference, preference
from gateway.http.responses import IF_NONE_MATCH, answer, headers, not_modified, problems, request_header
from gateway.jobs.answers import accepted, shown
from gateway.jobs.idempotency import PATTERN, idempotency_key
from gateway.jobs.query import Asked, query_parameters
from gateway.jobs.representation import JobPageResource, JobResource, page_json
from gateway.jobs.waiting import await_end
from gateway.parts import Built, Parts

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_VARY = {"Vary": "Prefer"}
_PREFER = request_header(
    "Prefer", "`wait=N`: answer when the job has ended, or after N seconds (at most 60)."
)
_IDEMPOTENCY_KEY = request_header(
    "Idempotency-Key", 'One job per key, for 24 hours: `"any string"`.', pattern=PATTERN
)


@router.post(
    "",
    operation_id="submit_job",
    dependencies=[needs(Scope.SUBMIT)],
    status_code=202,
    responses={
        **answer(
            202,
            JobResource,
            "Accepted: the job is stored.",
            "ETag",
            "Idempotency-Replayed",
            "Location",
            "Preference-Applied",
            "Retry-After",
            "Vary",
        ),
        **answer(
            200,
            JobResource,
            "The job is stored and has ended within the preferred wait.",
            "ETag",
            "Idempotency-Replayed",
            "Location",
            "Preference-Applied",
            "Vary",
        ),
        **problems(
            errors.MalformedJson,
            errors.BadParameter,
            errors.RequestTimeout,
            errors.NotFound,
            errors.DuplicateJob,
            errors.PayloadTooLarge,
            errors.UnsupportedMediaType,
            errors.InvalidPayload,
            errors.UnknownKind,
            errors.IdempotencyMismatch,
            errors.QueueUnavailable,
            errors.QueueFull,
        ),
    },
    openapi_extra=headers(_IDEMPOTENCY_KEY, _PREFER),
)
async def submit_job(request: Request, built: Built, owner: Owner) -> Response:
    """Store a job of any registered kind."""
    body = await read_json(request)
    key = idempotency_key(request, body.raw)
    wanted = built.intake.read(body)
    submitted = await built.client.submit(wanted.payload, wanted.options, idempotency=key, owner=owner)
    preferred = preference(request.headers.getlist("prefer"))
    job = await _as_preferred(submitted.job, preferred, request, built)
    return _submitted(job, preferred, replayed=submitted.replayed)


@router.get(
    "",
    operation_id="list_jobs",
    dependencies=[needs(Scope.READ)],
    responses={**answer(200, JobPageResource, "One page."), **problems(errors.BadParameter)},
    openapi_extra=query_parameters(),
)
async def list_jobs(query: Asked, built: Built) -> Response:
    """List jobs, newest first."""
    return Response(page_json(await built.client.list(query)), media_type="application/json")


@router.get(
    "/{job_id}",
    operation_id="get_job",
    dependencies=[needs(Scope.READ)],
    responses={
        **answer(200, JobResource, "The job.", "ETag", "Preference-Applied", "Retry-After", "Vary"),
        **not_modified("Preference-Applied", "Vary"),
        **problems(errors.NotFound),
    },
    openapi_extra=headers(IF_NONE_MATCH, _PREFER),
)
async def get_job(job_id: str, request: Request, built: Built) -> Response:
    """Show one job with its result and history."""
    preferred = preference(request.headers.getlist("prefer"))
    if preferred.wait is None:
        job = await built.client.get(job_id)
    else:
        job = await await_end(job_id, preferred.wait, request, built)
    return shown(job, request, _VARY | preferred.applied(answered_async=False))


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
    told = _VARY | preferred.applied(answered_async=not has_ended)
    if replayed:
        told["Idempotency-Replayed"] = "true"
    return accepted(job, told, status=200 if has_ended else 202)
