"""`/healthz`, `/readyz` and `/metrics`: how the gateway is, for those who keep it running."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from afterwork import errors
from afterwork.contracts import Durability
from gateway.metrics import exposition
from gateway.openapi import answer, problems
from gateway.parts import Built
from gateway.problems import problem_response
from gateway.representation import json_response

router = APIRouter(tags=["operation"])

_REASONS = {
    Durability.MEMORY: "it answers, but keeps no append-only file: jobs are lost when it ends",
    Durability.EVERYSEC: "it answers; up to a second of accepted jobs is lost if its machine fails",
    Durability.UNKNOWN: "it answers, but does not say how it keeps its data",
}


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(frozen=True)

    status: str = "live"


class Dependency(BaseModel):
    """Something that the gateway needs, and why it is usable or not."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    reason: str
    version: str | None = None
    durability: Durability | None = None


class Readiness(BaseModel):
    """Whether requests can be served."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    dependencies: dict[str, Dependency]


@router.get("/healthz", operation_id="get_health", responses=answer(200, Health, "The process answers."))
async def get_health() -> Response:
    """Say that the process is alive, whatever it depends on."""
    return json_response(Health())


@router.get(
    "/readyz",
    operation_id="get_readiness",
    responses={**answer(200, Readiness, "Ready."), **problems(errors.QueueUnavailable)},
)
async def get_readiness(request: Request, built: Built) -> Response:
    """Say whether jobs can be accepted, and the reason for each dependency."""
    try:
        server = await built.client.server()
    except errors.QueueUnavailable as error:
        redis = Dependency(ready=False, reason=error.detail)
        dependencies = {"redis": redis.model_dump(mode="json", exclude_none=True)}
        return problem_response(error, request.scope["path"], ready=False, dependencies=dependencies)
    reason = _REASONS.get(server.durability, "it answers")
    redis = Dependency(ready=True, reason=reason, version=server.version, durability=server.durability)
    return json_response(Readiness(ready=True, dependencies={"redis": redis}))


@router.get("/metrics", operation_id="get_metrics", response_class=Response)
async def get_metrics(built: Built) -> Response:
    """Show requests and queues in Prometheus' text format."""
    return Response(await exposition(built.counts, built.client), media_type=CONTENT_TYPE_PLAIN_0_0_4)
