"""`/v1/jobs`: submit jobs, list them, and look at one; the last two wait for its end if asked to."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.direct_route import DirectRoute
from gateway.http.authorization import Owner, needs
from gateway.http.json_body import read_json
from gateway.http.preference import preference
from gateway.http.responses import IF_NONE_MATCH, answer, headers, not_modified, problems
from gateway.jobs.accepting import ACCEPTS, PREFER, REFUSES, SUBMISSION_HEADERS, VARY, accept
from gateway.jobs.answers import shown
from gateway.jobs.idempotency import idempotency_key
from gateway.jobs.query import Asked, query_parameters
from gateway.jobs.representation import JobPageResource, JobResource, page_json
from gateway.jobs.waiting import await_end
from gateway.parts import Built

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=DirectRoute)


@router.post(
    "",
    operation_id="submit_job",
    dependencies=[needs(Scope.SUBMIT)],
    status_code=202,
    responses={**ACCEPTS, **problems(*REFUSES, errors.UnknownKind)},
    openapi_extra=SUBMISSION_HEADERS,
)
async def submit_job(request: Request, built: Built, owner: Owner) -> Response:
    """Store a job of any registered kind."""
    body = await read_json(request)
    wanted = built.intake.read(body)
    return await accept(wanted, idempotency_key(request, body.raw), request, built, owner=owner)


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
    openapi_extra=headers(IF_NONE_MATCH, PREFER),
)
async def get_job(job_id: str, request: Request, built: Built) -> Response:
    """Show one job with its result and history."""
    preferred = preference(request.headers.getlist("prefer"))
    if preferred.wait is None:
        job = await built.client.get(job_id)
    else:
        job = await await_end(job_id, preferred.wait, request, built)
    return shown(job, request, VARY | preferred.applied(answered_async=False))
