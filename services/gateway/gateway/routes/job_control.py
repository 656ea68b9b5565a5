"""`/v1/jobs/{id}`: change, cancel and retry a job."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.conditional import version_to_change
from gateway.http.json_body import read_json
from gateway.http.responses import IF_MATCH, headers, problems
from gateway.jobs.amendment import MERGE_PATCH, read_amendment
from gateway.jobs.answers import ACCEPTED, JOB, accepted, changed
from gateway.parts import Built

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.patch(
    "/{job_id}",
    operation_id="change_job",
    dependencies=[needs(Scope.CONTROL)],
    responses={
        **JOB,
        **problems(
            errors.MalformedJson,
            errors.NotFound,
            errors.NotWaiting,
            errors.AlreadyFinished,
            errors.RequestTimeout,
            errors.PreconditionFailed,
            errors.PayloadTooLarge,
            errors.UnsupportedMediaType,
            errors.InvalidPayload,
            errors.QueueUnavailable,
        ),
    },
    openapi_extra=headers(IF_MATCH),
)
async def change_job(job_id: str, request: Request, built: Built) -> Response:
    """Change when, how urgently and under which tags a waiting job is to run (RFC 7396); what is left out stays."""
    amendment = read_amendment(await read_json(request, also=MERGE_PATCH))
    version = await version_to_change(job_id, request, built.client)
    if amendment is None:
        return changed(await built.client.get(job_id))
    return changed(await built.client.amend(job_id, amendment, if_version=version))


@router.delete(
    "/{job_id}",
    operation_id="cancel_job",
    dependencies=[needs(Scope.CONTROL)],
    status_code=202,
    responses={
        **ACCEPTED,
        **problems(errors.NotFound, errors.AlreadyFinished, errors.PreconditionFailed),
    },
    openapi_extra=headers(IF_MATCH),
)
async def cancel_job(job_id: str, request: Request, built: Built) -> Response:
    """Cancel a job: at once if it waits, through its worker if it runs. A result that comes first wins."""
    version = await version_to_change(job_id, request, built.client)
    return accepted(await built.client.cancel(job_id, if_version=version))


@router.post(
    "/{job_id}/retry",
    operation_id="retry_job",
    dependencies=[needs(Scope.CONTROL)],
    status_code=202,
    responses={
        **ACCEPTED,
        **problems(
            errors.NotFound,
            errors.NotFinished,
            errors.AlreadyFinished,
            errors.DuplicateJob,
            errors.PreconditionFailed,
            errors.QueueUnavailable,
            errors.QueueFull,
        ),
    },
    openapi_extra=headers(IF_MATCH),
)
async def retry_job(job_id: str, request: Request, built: Built) -> Response:
    """Run a failed or cancelled job again, its attempts counted from 0, its history kept."""
    version = await version_to_change(job_id, request, built.client)
    return accepted(await built.client.retry(job_id, if_version=version))
