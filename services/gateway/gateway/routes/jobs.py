"""`/v1/jobs`: submit, read, list, cancel and retry jobs."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.contracts import Job
from gateway.conditional import entity_tag, is_known
from gateway.idempotency import idempotency_key
from gateway.job_query import Asked
from gateway.json_body import read_json
from gateway.links import job_path
from gateway.openapi import answer, header, problems
from gateway.parts import Built
from gateway.representation import (
    JobPageResource,
    JobResource,
    job_resource,
    json_response,
    page_resource,
    retry_after,
)

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_ACCEPTED = answer(
    202,
    JobResource,
    "Accepted: the job is stored.",
    Location="Address of the job.",
    Retry_After="Seconds after which to ask again, until the job has ended.",
    Idempotency_Replayed="`true` if an earlier request with this key stored the job.",
)


@router.post(
    "",
    operation_id="submit_job",
    status_code=202,
    responses={
        **_ACCEPTED,
        **problems(
            errors.MalformedJson,
            errors.BadParameter,
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
    openapi_extra=header("Idempotency-Key", 'One job per key, for 24 hours: `"any string"`.'),
)
async def submit_job(request: Request, built: Built) -> Response:
    """Store a job of any registered kind."""
    body = await read_json(request)
    key = idempotency_key(request, body.raw)
    wanted = built.intake.read(body)
    submitted = await built.client.submit(wanted.payload, wanted.options, idempotency=key)
    return _accepted(submitted.job, {"Idempotency-Replayed": "true"} if submitted.replayed else {})


@router.get(
    "",
    operation_id="list_jobs",
    responses={**answer(200, JobPageResource, "One page."), **problems(errors.BadParameter)},
)
async def list_jobs(query: Asked, built: Built) -> Response:
    """List jobs, newest first."""
    return json_response(page_resource(await built.client.list(query)))


@router.get(
    "/{job_id}",
    operation_id="get_job",
    responses={
        **answer(
            200,
            JobResource,
            "The job.",
            ETag="Changes with the job.",
            Retry_After="Seconds after which to ask again, until the job has ended.",
        ),
        304: {"description": "The job is as it was under the given `ETag`."},
        **problems(errors.NotFound),
    },
    openapi_extra=header("If-None-Match", "An `ETag`; answered by 304 if the job has not changed since."),
)
async def get_job(job_id: str, request: Request, built: Built) -> Response:
    """Show one job with its result and history."""
    job = await built.client.get(job_id)
    headers = {"ETag": entity_tag(job), **retry_after(job, datetime.now(UTC))}
    if is_known(headers["ETag"], request.headers.getlist("if-none-match")):
        return Response(status_code=304, headers=headers)
    return json_response(job_resource(job), headers=headers)


@router.get(
    "/{job_id}/payload",
    operation_id="get_job_payload",
    responses={200: {"description": "The payload."}, **problems(errors.NotFound)},
)
async def get_payload(job_id: str, built: Built) -> Response:
    """Show what the job was submitted with."""
    return _json_value(await built.client.payload(job_id))


@router.get(
    "/{job_id}/result",
    operation_id="get_job_result",
    responses={
        200: {"description": "The result."},
        **problems(errors.NotFound, errors.NotFinished),
    },
)
async def get_result(job_id: str, built: Built) -> Response:
    """Show the result of a job that succeeded; nothing is here if it ended otherwise."""
    return _json_value(await built.client.result(job_id))


@router.delete(
    "/{job_id}",
    operation_id="cancel_job",
    status_code=202,
    responses={**_ACCEPTED, **problems(errors.NotFound, errors.AlreadyFinished)},
)
async def cancel_job(job_id: str, built: Built) -> Response:
    """Cancel a job: at once if it waits, through its worker if it runs. A result that comes first wins."""
    return _accepted(await built.client.cancel(job_id))


@router.post(
    "/{job_id}/retry",
    operation_id="retry_job",
    status_code=202,
    responses={
        **_ACCEPTED,
        **problems(
            errors.NotFound,
            errors.NotFinished,
            errors.AlreadyFinished,
            errors.DuplicateJob,
            errors.QueueUnavailable,
            errors.QueueFull,
        ),
    },
)
async def retry_job(job_id: str, built: Built) -> Response:
    """Run a failed or cancelled job again, its attempts counted from 0, its history kept."""
    return _accepted(await built.client.retry(job_id))


def _accepted(job: Job, headers: dict[str, str] | None = None) -> Response:
    location = {"Location": job_path(job.id), **retry_after(job, datetime.now(UTC))}
    return json_response(job_resource(job), 202, {**location, **(headers or {})})


def _json_value(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")
