"""`/v1/events`: what happens to all jobs, as it happens."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from gateway.http.authorization import needs
from gateway.http.query import parameters_of, read_query
from gateway.http.responses import content, problems, request_header
from gateway.http.server_sent_events import message_schema
from gateway.jobs.feed_stream import NAMES, FeedQuery, feed_stream
from gateway.parts import Built

router = APIRouter(prefix="/v1/events", tags=["jobs"])

_ID = r"^[0-9]{1,16}-[0-9]{1,16}\.[0-9]{1,6}$"
_STREAM = (
    "An event `state` for each state that a job enters, once and in order, and an event `gap` where events are "
    "missing. An id is a place in the feed. The stream has no end."
)
_LAST_EVENT_ID = request_header(
    "Last-Event-ID",
    "The id of the last event that was seen: what came later is sent first, as far as it is kept. `0-0.0` asks for all "
    "that is kept.",
    pattern=_ID,
)
_EVENTS = {"itemSchema": {"oneOf": [message_schema(name, model, _ID) for model, name in NAMES.items()]}}


async def _query(request: Request) -> FeedQuery:
    return read_query(request, FeedQuery)


@router.get(
    "",
    operation_id="follow_all_jobs",
    dependencies=[needs(Scope.READ)],
    responses={
        **content(_STREAM, "text/event-stream", _EVENTS, "Cache-Control"),
        **problems(errors.BadParameter),
    },
    openapi_extra={"parameters": [*parameters_of(FeedQuery), _LAST_EVENT_ID]},
)
async def follow_all_jobs(
    query: Annotated[FeedQuery, Depends(_query)], request: Request, built: Built
) -> Response:
    """Follow all jobs, or one queue, kind or state: from now on, or from the last event that was seen."""
    place = await built.client.feed_place(_last_seen(request))
    return feed_stream(built.client, place, query, ending=built.ending, keep_alive=built.keep_alive)


def _last_seen(request: Request) -> str | None:
    values = request.headers.getlist("last-event-id")
    if len(values) > 1:
        message = "Last-Event-ID: send the id of one event"
        raise errors.BadParameter(message)
    return values[0] if values else None
