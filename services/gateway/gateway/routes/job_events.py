"""`/v1/jobs/{id}/events`: what happens to a job, as it happens."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.responses import content, headers, problems, request_header
from gateway.http.server_sent_events import message_schema
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


_EVENTS = {
    "itemSchema": {"oneOf": [message_schema(name, model, "^[0-9]+$") for model, name in NAMES.items()]}
}


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
