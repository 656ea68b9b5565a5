"""`/send-notification/{email}`, `/process/`, `/long_task`: the old addresses, so that no client has to change.

They answer what they answered, and besides by `Location` and `job_id` what has become of the work.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from afterwork.api_keys import Scope
from gateway.http.authorization import Owner, needs
from gateway.http.json_body import read_json
from gateway.http.responses import answer, headers, problems
from gateway.jobs import old_bodies
from gateway.jobs.accepting import IDEMPOTENCY_KEY, REFUSES
from gateway.jobs.idempotency import idempotency_key
from gateway.jobs.representation import json_response
from gateway.jobs.submission import JobRequest
from gateway.links import job_path
from gateway.parts import Built, Parts

router = APIRouter(tags=["the old five"], dependencies=[needs(Scope.SUBMIT)])


class OldAnswer(BaseModel):
    """What the old program answered, and the job that does its work now."""

    model_config = ConfigDict(frozen=True)

    message: str
    job_id: str


_HEADERS = headers(IDEMPOTENCY_KEY)
_MESSAGE = {
    "content": {
        "application/json": {
            "schema": {
                "oneOf": [
                    {"type": "string"},
                    {
                        "type": "object",
                        "properties": {"message": {"type": "string"}},
                        "required": ["message"],
                        "additionalProperties": False,
                    },
                ]
            },
            "examples": {"text": {"value": "hello"}, "object": {"value": {"message": "hello"}}},
        }
    }
}
_RECORDS = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "array", "items": {"type": "object"}},
            "examples": {"one": {"value": [{"city": "Oslo", "amount": 3}]}},
        }
    },
}
_RESPONSES = {
    **answer(200, OldAnswer, "Accepted: the job is stored.", "Idempotency-Replayed", "Location"),
    **problems(*REFUSES),
}


@router.post(
    "/send-notification/{email}",
    operation_id="old_send_notification",
    responses=_RESPONSES,
    openapi_extra=_HEADERS | {"requestBody": _MESSAGE},
)
async def send_notification(
    email: str,
    request: Request,
    built: Built,
    *,
    owner: Owner,
    message: Annotated[str | None, Query(max_length=10_000)] = None,
) -> Response:
    """Send a mail with the message: a query parameter, or the body as a JSON string or `{"message": …}`."""
    raw = await request.body()
    if raw:
        message = old_bodies.message_in((await read_json(request)).value)
    wanted = old_bodies.notification(built.intake, email, message)
    raw += request.url.query.encode()
    return await _accept(wanted, raw, "Notification sent in the background", request, built, owner=owner)


@router.post(
    "/process/",
    operation_id="old_process",
    responses=_RESPONSES,
    openapi_extra=_HEADERS | {"requestBody": _RECORDS},
)
async def process(request: Request, built: Built, owner: Owner) -> Response:
    """Make a table of a list of records."""
    body = await read_json(request)
    wanted = old_bodies.table(built.intake, body.value)
    return await _accept(wanted, body.raw, "Data is being processed", request, built, owner=owner)


@router.post("/long_task", operation_id="old_long_task", responses=_RESPONSES, openapi_extra=_HEADERS)
async def long_task(
    request: Request, built: Built, owner: Owner, seconds: Annotated[float, Query(ge=0, le=600)] = 10
) -> Response:
    """Do something that blocks for that many seconds."""
    wanted = old_bodies.long_task(built.intake, seconds)
    key = request.url.query.encode()
    return await _accept(wanted, key, "The task is running in the background", request, built, owner=owner)


async def _accept(  # noqa: PLR0917 - what every submission is made of
    wanted: JobRequest, raw: bytes, said: str, request: Request, built: Parts, *, owner: str
) -> Response:
    key = idempotency_key(request, raw)
    submitted = await built.client.submit(wanted.payload, wanted.options, idempotency=key, owner=owner)
    told = {"Location": job_path(submitted.id)}
    if submitted.replayed:
        told["Idempotency-Replayed"] = "true"
    return json_response(OldAnswer(message=said, job_id=submitted.id), headers=told)
