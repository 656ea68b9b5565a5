"""`/healthz`, `/readyz` and `/metrics`: how the gateway is, for those who keep it running."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from afterwork import errors
from afterwork.api_keys import Scope
from afterwork.contracts import Durability
from gateway.http.authorization import needs
from gateway.http.problems import problem_response
from gateway.http.responses import answer, content, problems
from gateway.jobs.representation import json_response
from gateway.metrics import exposition
from gateway.parts import Built

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(frozen=True)

    status: str = "live"


class Dependency(BaseModel):
    """Something that the gateway needs, and why it is usable or not.

    findings: the codes of what is not as it should be, faults first; `docs/redis.md` says what they mean.
    """

    model_config = ConfigDict(frozen=True)

    ready: bool
    reason: str
    findings: tuple[str, ...] = ()
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
    report = await built.client.server()
    redis = Dependency(
        ready=report.is_fit,
        reason=report.reason or "it is as it should be",
        findings=tuple(finding.code for finding in report.findings),
        version=f"{report.flavour} {report.version}".strip() or None,
        durability=report.durability if report.version else None,
    )
    if not report.is_fit:
        dependencies = {"redis": redis.model_dump(mode="json", exclude_none=True)}
        error = errors.QueueUnavailable(report.reason)
        return problem_response(error, request.scope["path"], ready=False, dependencies=dependencies)
    return json_response(Readiness(ready=True, dependencies={"redis": redis}))


@router.get(
    "/metrics",
    operation_id="get_metrics",
    dependencies=[needs(Scope.READ)],
    response_class=PlainTextResponse,
    responses=content("The samples.", "text/plain", {"schema": {"type": "string"}}),
)
async def get_metrics(built: Built) -> Response:
    """Show requests and queues in Prometheus' text format."""
    return Response(await exposition(built.counts, built.client), media_type=CONTENT_TYPE_PLAIN_0_0_4)
