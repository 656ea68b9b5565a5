"""The application as a whole: what nobody foresaw, and what its OpenAPI document says."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, HTTPException
from structlog.typing import EventDict

from afterwork.contracts import registry
from afterwork.documents import Documents
from afterwork.engine import JobClient
from afterwork.stores import Stores
from gateway.app import create_app
from gateway.settings import GatewaySettings


@pytest.fixture
async def app() -> AsyncIterator[FastAPI]:
    """The gateway without any Redis: its client connects at its first use."""
    async with JobClient.connect("redis://127.0.0.1:1") as client:
        yield create_app(
            GatewaySettings(),
            client=client,
            documents=Documents("sqlite:////nowhere/documents.sqlite"),
            stores=Stores({}),
            kinds=registry.kinds(),
            services=registry.services(),
        )


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client


@pytest.fixture
def log() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.mark.parametrize(
    "failure",
    [ZeroDivisionError("a secret cause"), HTTPException(418, "a secret cause"), ValueError("a secret cause")],
)
async def test_an_unforeseen_error_is_told_by_an_id_that_stands_in_the_log(
    app: FastAPI, http: httpx.AsyncClient, log: list[EventDict], failure: Exception
) -> None:
    # Given
    @app.get("/broken")
    async def broken() -> None:
        raise failure

    # When
    answer = await http.get("/broken")

    # Then
    problem = answer.json()
    (entry,) = log
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "/problems/internal-error"
    assert problem["id"] == entry["id"]
    assert entry["exc_info"]
    assert "a secret cause" in entry["cause"]
    assert "secret" not in answer.text


async def test_every_operation_has_a_name_and_documents_its_problems(http: httpx.AsyncClient) -> None:
    # When
    document = (await http.get("/openapi.json")).json()

    # Then
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert document["openapi"].startswith("3.1")
    assert {
        "submit_job",
        "get_job",
        "list_jobs",
        "cancel_job",
        "retry_job",
        "get_ledger",
    } <= operations.keys()
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
    assert "409" in operations["submit_job"]["responses"]
    assert "422" not in operations["list_jobs"]["responses"]


async def test_the_body_of_a_submission_is_documented_by_kind(http: httpx.AsyncClient) -> None:
    # When
    document = (await http.get("/openapi.json")).json()

    # Then
    schema = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    reference = schema["discriminator"]["mapping"]["probe.run"]
    model = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert {"$ref": reference} in schema["oneOf"]
    assert model["properties"]["kind"]["const"] == "probe.run"
    assert model["properties"]["payload"] == {"$ref": "#/components/schemas/ProbeRun"}


async def test_every_reference_in_the_document_leads_somewhere(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()

    names = {reference.removeprefix("#/components/schemas/") for reference in _references(document)}

    assert names
    assert names <= document["components"]["schemas"].keys()


def _references(node: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for part in node.values():
            yield from _references(part)
    if isinstance(node, list):
        for part in node:
            yield from _references(part)
