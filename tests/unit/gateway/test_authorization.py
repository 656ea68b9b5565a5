"""Which scope each route takes: a route that says nothing of it fails here."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from afterwork.api_keys import Scope, named
from afterwork.contracts import registry
from afterwork.documents import Documents
from afterwork.engine import JobClient
from afterwork.stores import Stores
from gateway.app import create_app
from gateway.http.authentication import is_public
from gateway.settings import GatewaySettings

ALLOWED = {
    "GET": {Scope.READ},
    "HEAD": {Scope.READ},
    "POST": {Scope.SUBMIT, Scope.CONTROL, Scope.ADMIN},
    "PUT": {Scope.SUBMIT, Scope.CONTROL, Scope.ADMIN},
    "PATCH": {Scope.CONTROL, Scope.ADMIN},
    "DELETE": {Scope.CONTROL, Scope.ADMIN},
}
KEY = named("shop", [Scope.READ], "k")


async def gateway(settings: GatewaySettings) -> AsyncIterator[FastAPI]:
    """The gateway without any Redis: its client connects at its first use."""
    async with JobClient.connect("redis://127.0.0.1:1") as client:
        yield create_app(
            settings,
            client=client,
            documents=Documents("sqlite:////nowhere/documents.sqlite"),
            stores=Stores({}),
            kinds=registry.kinds(),
            services=registry.services(),
        )


@pytest.fixture
async def guarded() -> AsyncIterator[FastAPI]:
    async for app in gateway(GatewaySettings(api_keys=(KEY,))):
        yield app


@pytest.fixture
async def unguarded() -> AsyncIterator[FastAPI]:
    async for app in gateway(GatewaySettings()):
        yield app


def scopes_of(route: Any) -> set[str]:  # noqa: ANN401 - the framework's, whatever its class
    dependencies = route.dependant.dependencies
    return {scope for dependency in dependencies for scope in dependency.own_oauth_scopes or ()}


def test_every_route_that_is_not_public_takes_one_scope_that_fits_its_method(guarded: FastAPI) -> None:
    routes = [
        route
        for route in iter_route_contexts(guarded.routes)
        if not is_public(str(route.path), with_metrics=False)
    ]

    assert {"/v1/jobs", "/v1/jobs/{job_id}", "/v1/ledger", "/metrics"} <= {route.path for route in routes}
    for route in routes:
        scopes = scopes_of(route)
        assert len(scopes) == 1, f"{route.path}: declare one scope, dependencies=[needs(Scope.…)]"
        for method in route.methods or ():
            assert scopes <= ALLOWED[method], f"{method} {route.path} takes {scopes}"


def test_a_public_route_takes_no_scope(guarded: FastAPI) -> None:
    for route in iter_route_contexts(guarded.routes):
        if is_public(str(route.path), with_metrics=False) and hasattr(route, "dependant"):
            assert scopes_of(route) == set(), route.path


async def test_a_route_that_nobody_protected_asks_for_a_key_all_the_same(guarded: FastAPI) -> None:
    # Given
    @guarded.post("/process/")
    async def process() -> None:
        raise AssertionError

    # When
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://gateway") as http:
        answer = await http.post("/process/", json=[])

    # Then
    assert answer.status_code == 401


def test_with_keys_every_operation_documents_what_it_asks_for(guarded: FastAPI) -> None:
    document = guarded.openapi()

    (scheme,) = document["components"]["securitySchemes"]
    assert document["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if is_public(path, with_metrics=False):
                assert "security" not in operation
                assert not {"401", "403"} & operation["responses"].keys()
            else:
                assert [list(requirement) for requirement in operation["security"]] == [[scheme]]
                assert {"401", "403"} <= operation["responses"].keys()


def test_without_keys_the_document_does_not_speak_of_them(unguarded: FastAPI) -> None:
    document = unguarded.openapi()

    assert "securitySchemes" not in document["components"]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "security" not in operation
            assert "401" not in operation["responses"]
