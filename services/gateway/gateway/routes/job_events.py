"""`/v1/jobs/{id}/events`: what happens to a job, as it happens."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.responses import REF, Node, content, headers, problems, request_header
from gateway.jobs.event_stream import NAMES, event_stream
from gateway.parts import Built

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_STREAM = (
    "Events `state`, `progress` and `log`, each with a JSON object as its data and the record's version as its id; "
    "the stream ends after the job's final state."
)
_LAST_EVENT_ID = request_header(
    "Last-Event-ID",
    "The id of the last event that was seen: what came later is sent first.",
    pattern="^[0-9]+$",
)


def _event(name: str, model: type[BaseModel]) -> Node:
    data = {
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": REF.format(model=model.__name__)},
    }
    return {
        "type": "object",
        "properties": {
            "event": {"const": name},
            "data": {"type": "string", **data},
            "id": {"type": "string", "pattern": "^[0-9]+$"},
        },
        "required": ["event", "data"],
    }


_EVENTS = {"itemSchema": {"oneOf": [_event(name, model) for model, name in NAMES.items()]}}


@router.get(
    "/{job_id}/events",
    operation_id="follow_job",
    dependencies=[needs(Scope.READ)],
    responses={
        **content(_STREAM, "text/event-stream", _EVENTS, "Cache-Control"),
        204: {"description": "The job had ended by the last event that was seen: do not reconnect."},
        **problems(errors.BadParameter, errors.NotFound),
    },
    openapi_extra=headers(_LAST_EVENT_ID),
)
async def follow_job(job_id: str, request: Request, built: Built) -> Response:
    """Follow a job: first what happened since the last event that was seen, then what happens until its end."""
    seen = _last_seen(request)
    job = await built.client.get(job_id)
    if job.state.is_final and seen >= job.version:
        return Response(status_code=204)
    return event_stream(
        built.client,
        job_id,
        min(seen, job.version),  # who claims to have seen more is told what comes from now on
        ending=built.ending,
        keep_alive=built.keep_alive,
    )


def _last_seen(request: Request) -> int:
    values = request.headers.getlist("last-event-id")
    if not values:
        return 0
    if len(values) > 1 or not values[0].isascii() or not values[0].isdigit():
        message = "Last-Event-ID: send the id of an event that was received, a number"
        raise errors.BadParameter(message)
    return int(values[0][:18])
