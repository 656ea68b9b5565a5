"""The application: its middleware as one visible list, its routes, and what they work with."""

from collections.abc import Mapping
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware

from afterwork.contracts import Contract, Service
from afterwork.engine import JobClient
from afterwork.errors import InternalError, QueueUnavailable
from gateway import openapi
from gateway.body_limit import MAX_BODY, BodyLimit
from gateway.catalogue import catalogue
from gateway.error_handlers import EXCEPTION_HANDLERS
from gateway.failures import Failures
from gateway.metrics import CountedRequests, RequestCounts
from gateway.parts import Parts
from gateway.routes import health, jobs, ledger, problems, queues
from gateway.routes import kinds as kind_routes
from gateway.settings import GatewaySettings
from gateway.submission import Intake


def create_app(
    settings: GatewaySettings,
    *,
    client: JobClient,
    kinds: Mapping[str, type[Contract]],
    services: Mapping[str, Service],
) -> FastAPI:
    """The gateway over this client, for these kinds and the queues of these services."""
    counts = RequestCounts()
    app = FastAPI(
        title="Afterwork",
        summary="Answer now, work after, lose nothing.",
        version=version("afterwork-gateway"),
        redoc_url=None,
        redirect_slashes=False,  # one address per resource; a redirect would drop a body
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[  # outermost first
            Middleware(CountedRequests, counts=counts),  # sees every answer, those of the next two as well
            Middleware(Failures),
            Middleware(BodyLimit, limit=MAX_BODY),
        ],
    )
    intake = Intake(kinds, services, probes=settings.probes)
    app.state.parts = Parts(client, intake, catalogue(kinds), counts)
    for routes in (jobs, kind_routes, queues, ledger):
        app.include_router(routes.router, responses=openapi.problems(QueueUnavailable, InternalError))
    for routes in (problems, health):
        app.include_router(routes.router)
    openapi.complete(app.openapi(), intake.models)
    return app
