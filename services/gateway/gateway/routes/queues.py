"""`/v1/queues`: what waits and runs, and what an operator wants to stand still or go slower."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.api_keys import Scope
from afterwork.contracts import KindLimits, QueueOverview
from gateway.http.authorization import needs
from gateway.http.responses import REF, Node, answer, problems
from gateway.jobs.queue_orders import QueuePart, read_limits, read_part
from gateway.jobs.representation import json_response
from gateway.parts import Built

router = APIRouter(prefix="/v1/queues", tags=["operation"])

_QUEUE = answer(200, QueueOverview, "The queue as it is now.")
_BODY_PROBLEMS = (
    errors.MalformedJson,
    errors.NotFound,
    errors.RequestTimeout,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.InvalidPayload,
)


class QueueList(BaseModel):
    """Every queue that ever had a worker or a job, by name."""

    model_config = ConfigDict(frozen=True)

    queues: list[QueueOverview]


def _body(model: type[BaseModel], *, required: bool, example: Node) -> Node:
    schema = {"$ref": REF.format(model=model.__name__)}
    content = {"application/json": {"schema": schema, "examples": {"one": {"value": example}}}}
    return {"requestBody": {"required": required, "content": content}}


@router.get(
    "",
    operation_id="list_queues",
    dependencies=[needs(Scope.READ)],
    responses=answer(200, QueueList, "All queues."),
)
async def list_queues(built: Built) -> Response:
    """Count the jobs of every queue and kind, and say how old the oldest due one is, what is paused and limited."""
    return json_response(QueueList(queues=await built.client.queues()))


@router.post(
    "/{queue}/pause",
    operation_id="pause_queue",
    dependencies=[needs(Scope.CONTROL)],
    responses={**_QUEUE, **problems(*_BODY_PROBLEMS)},
    openapi_extra=_body(QueuePart, required=False, example={"kind": "probe.run"}),
)
async def pause_queue(queue: str, request: Request, built: Built) -> Response:
    """Start no more jobs of a queue, or of one kind in it; those that run go on. To repeat it changes nothing."""
    part = await read_part(request)
    return json_response(await built.client.pause(queue, part.kind))


@router.post(
    "/{queue}/resume",
    operation_id="resume_queue",
    dependencies=[needs(Scope.CONTROL)],
    responses={**_QUEUE, **problems(*_BODY_PROBLEMS)},
    openapi_extra=_body(QueuePart, required=False, example={"kind": "probe.run"}),
)
async def resume_queue(queue: str, request: Request, built: Built) -> Response:
    """Start jobs again. A queue and a kind in it are paused and resumed each for itself."""
    part = await read_part(request)
    return json_response(await built.client.resume(queue, part.kind))


@router.put(
    "/{queue}/limits/{kind}",
    operation_id="set_limits",
    dependencies=[needs(Scope.CONTROL)],
    responses={**_QUEUE, **problems(*_BODY_PROBLEMS)},
    openapi_extra=_body(KindLimits, required=True, example={"max_running": 5, "max_per_second": 0.5}),
)
async def set_limits(queue: str, kind: str, request: Request, built: Built) -> Response:
    """Limit how much of a kind all workers of the queue do together, in place of what its contract says."""
    return json_response(await built.client.limit(queue, kind, await read_limits(request)))


@router.delete(
    "/{queue}/limits/{kind}",
    operation_id="reset_limits",
    dependencies=[needs(Scope.CONTROL)],
    responses={**_QUEUE, **problems(errors.NotFound)},
)
async def reset_limits(queue: str, kind: str, built: Built) -> Response:
    """Go back to the limits of the kind's contract."""
    return json_response(await built.client.unlimit(queue, kind))
