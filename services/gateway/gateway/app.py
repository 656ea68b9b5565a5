"""The application: its middleware as one visible list, its routes, and what they work with."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware import Middleware

from afterwork.contracts import Contract, Service
from afterwork.documents import Documents
from afterwork.engine import JobClient
from afterwork.errors import InternalError, QueueUnavailable, StoreUnavailable
from afterwork.stores import Stores
from gateway.http import responses as openapi
from gateway.http.authentication import Authentication
from gateway.http.body_limit import MAX_BODY, BodyLimit
from gateway.http.error_handlers import EXCEPTION_HANDLERS
from gateway.http.failures import Failures
from gateway.jobs.catalogue import catalogue
from gateway.jobs.submission import Intake
from gateway.metrics import CountedRequests, RequestCounts
from gateway.openapi import document
from gateway.openapi import security as openapi_security
from gateway.parts import Parts
from gateway.routes import documents as document_routes
from gateway.routes import (
    feed,
    health,
    job_control,
    job_events,
    job_parts,
    jobs,
    ledger,
    objects,
    old_five,
    problems,
    queues,
    receipts,
    typed,
)
from gateway.routes import kinds as kind_routes
from gateway.settings import GatewaySettings


def create_app(
    settings: GatewaySettings,
    *,
    client: JobClient,
    documents: Documents,
    stores: Stores,
    kinds: Mapping[str, type[Contract]],
    services: Mapping[str, Service],
    ending: asyncio.Event | None = None,
) -> FastAPI:
    """The gateway over this client, for these kinds and the queues of these services.

    ending: set by the server as soon as it is to end; then nobody is kept waiting any longer.
    """
    counts = RequestCounts()
    app = FastAPI(
        title="Afterwork",
        summary="Answer now, work after, lose nothing.",
        version=version("afterwork-gateway"),
        redoc_url=None,
        redirect_slashes=False,  # one address per resource; a redirect would drop a body
        telemetry={"tracing": False, "metrics": False, "logs": False},  # looked up again with each request
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=_middleware(settings, counts),
    )
    intake = Intake(kinds, services, probes=settings.probes)
    app.state.parts = Parts(
        client,
        documents,
        stores,
        intake,
        catalogue(kinds),
        counts,
        ending or asyncio.Event(),
        settings.gateway.keep_alive,
    )
    _include_routes(app)
    document.complete(app.openapi(), intake, app.state.parts.kinds)
    openapi_security.complete(
        app.openapi(), has_keys=bool(settings.api_keys), public_metrics=_has_public_metrics(settings)
    )
    return app


def _middleware(settings: GatewaySettings, counts: RequestCounts) -> list[Middleware]:
    """Outermost first."""
    public_metrics = _has_public_metrics(settings)
    return [
        Middleware(CountedRequests, counts=counts),  # sees every answer, those of the next ones as well
        Middleware(Failures),
        Middleware(Authentication, keys=settings.api_keys, public_metrics=public_metrics),
        Middleware(BodyLimit, limit=MAX_BODY),
    ]


def _has_public_metrics(settings: GatewaySettings) -> bool:
    return settings.gateway.metrics == "public"


def _include_routes(app: FastAPI) -> None:
    """Each resource, with the problems that all its routes may answer."""
    for routes in (
        *(jobs, typed, old_five, job_control, job_parts, receipts, job_events),
        *(feed, document_routes, kind_routes, queues, ledger),
    ):
        app.include_router(routes.router, responses=openapi.problems(QueueUnavailable, InternalError))
    store_problems = openapi.problems(QueueUnavailable, StoreUnavailable, InternalError)
    app.include_router(objects.router, responses=store_problems)
    for routes in (problems, health):
        app.include_router(routes.router)
