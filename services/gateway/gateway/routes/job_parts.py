"""`/v1/jobs/{id}/payload`, `/result` and `/log`: what belongs to a job and is read on its own."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from afterwork.contracts import LogLine
from gateway.http.authorization import needs
from gateway.http.conditional import content_tag, log_tag, unless_known
from gateway.http.responses import IF_NONE_MATCH, answer, content, headers, not_modified, problems
from gateway.parts import Built

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_CONDITIONAL = headers(IF_NONE_MATCH)
_PAYLOAD = content("The payload.", "application/json", {"schema": {}}, "ETag")
_PAYLOAD[200]["content"]["application/octet-stream"] = {
    "schema": {"type": "string", "format": "binary"},
    "examples": {"foreign": {"value": "what somebody else wrote under the keys of ARQ"}},
}


class JobLog(BaseModel):
    """The last 100 lines that a job logged, oldest first."""

    model_config = ConfigDict(frozen=True)

    lines: list[LogLine]


@router.get(
    "/{job_id}/payload",
    operation_id="get_job_payload",
    dependencies=[needs(Scope.READ)],
    responses={
        **_PAYLOAD,
        **not_modified(),
        **problems(errors.NotFound),
    },
    openapi_extra=_CONDITIONAL,
)
async def get_payload(job_id: str, request: Request, built: Built) -> Response:
    """Show what the job was submitted with; as bytes if somebody else wrote it and it is no JSON."""
    try:
        return _unchanging(request, await built.client.payload(job_id))
    except errors.Undecodable:
        envelope = await built.client.envelope(job_id)
        return Response(envelope, media_type="application/octet-stream")


@router.get(
    "/{job_id}/result",
    operation_id="get_job_result",
    dependencies=[needs(Scope.READ)],
    responses={
        **content("The result.", "application/json", {"schema": {}}, "ETag"),
        **not_modified(),
        **problems(errors.NotFound, errors.NotFinished),
    },
    openapi_extra=_CONDITIONAL,
)
async def get_result(job_id: str, request: Request, built: Built) -> Response:
    """Show the result of a job that succeeded; nothing is here if it ended otherwise."""
    return _unchanging(request, await built.client.result(job_id))


@router.get(
    "/{job_id}/log",
    operation_id="get_job_log",
    dependencies=[needs(Scope.READ)],
    responses={
        **answer(200, JobLog, "The lines.", "ETag"),
        **not_modified(),
        **problems(errors.NotFound),
    },
    openapi_extra=_CONDITIONAL,
)
async def get_log(job_id: str, request: Request, built: Built) -> Response:
    """Show the last 100 lines that the job logged, oldest first."""
    lines = list(await built.client.log(job_id))
    return unless_known(request, JobLog(lines=lines).model_dump_json().encode(), {"ETag": log_tag(lines)})


def _unchanging(request: Request, value: object) -> Response:
    body = to_json(value)
    return unless_known(request, body, {"ETag": content_tag(body)})
