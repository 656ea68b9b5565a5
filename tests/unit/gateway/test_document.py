"""The OpenAPI document: whole, true to its own schemas, and with an example of everything."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from afterwork.contracts import registry
from afterwork.documents import Documents
from afterwork.engine import JobClient
from afterwork.stores import Stores
from gateway.app import create_app
from gateway.settings import GatewaySettings

Node = dict[str, Any]


def _document(**settings: Any) -> Node:  # noqa: ANN401 - any setting
    app = create_app(
        GatewaySettings(**settings),
        client=JobClient.connect("redis://127.0.0.1:1"),
        documents=Documents("sqlite:////nowhere/documents.sqlite"),
        stores=Stores({}),
        kinds=registry.kinds(),
        services=registry.services(),
    )
    return app.openapi()


DOCUMENT = _document()
OPERATIONS = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}


def bodies(operation: Node) -> Iterator[tuple[str, Node]]:
    """Every media type of the request and of all answers: where it stands, and what it is."""
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {media_type}", body
    for status, answer in operation["responses"].items():
        for media_type, body in answer.get("content", {}).items():
            yield f"{status} {media_type}", body


BODIES = [
    pytest.param(body, id=f"{name} {place}")
    for name, operation in OPERATIONS.items()
    for place, body in bodies(operation)
]


def check(schema: Node, value: object) -> None:
    """Validate against a schema of the document. Raises jsonschema_rs.ValidationError."""
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)


@pytest.mark.parametrize("body", BODIES)
def test_every_body_has_an_example_that_fits_its_schema(body: Node) -> None:
    examples = [example["value"] for example in body["examples"].values()]

    assert examples
    for example in examples:
        check(body.get("schema", {"type": "string"}), example)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_says_what_it_does_and_how_it_fails(name: str) -> None:
    operation = OPERATIONS[name]

    assert name == operation["operationId"]
    assert operation["summary"]
    assert operation["description"]
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    "name", sorted(name for name in OPERATIONS if name not in {"get_health", "get_metrics"})
)
def test_whatever_needs_redis_may_be_unavailable_and_whatever_is_said_of_a_job_may_be_unknown(
    name: str,
) -> None:
    operation = OPERATIONS[name]

    of_a_job = any(parameter["name"] == "job_id" for parameter in operation.get("parameters", []))

    assert name == "explain_problem" or "503" in operation["responses"]
    assert not of_a_job or "404" in operation["responses"]


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("submit_job", "200 202 400 404 408 409 413 415 422 500 503"),
        ("list_jobs", "200 400 500 503"),
        ("get_job", "200 304 404 500 503"),
        ("change_job", "200 400 404 408 409 412 413 415 422 500 503"),
        ("cancel_job", "202 404 409 412 500 503"),
        ("retry_job", "202 404 409 412 500 503"),
        ("get_job_payload", "200 304 404 500 503"),
        ("get_job_result", "200 304 404 409 500 503"),
        ("get_job_log", "200 304 404 500 503"),
        ("follow_job", "200 204 400 404 500 503"),
        ("list_collections", "200 500 503"),
        ("list_documents", "200 400 500 503"),
        ("get_document", "200 304 404 500 503"),
    ],
)
def test_every_answer_of_a_job_is_documented(name: str, statuses: str) -> None:
    assert sorted(OPERATIONS[name]["responses"]) == statuses.split()


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("submit_job", {"Idempotency-Key", "Prefer"}),
        ("get_job", {"If-None-Match", "Prefer"}),
        ("change_job", {"If-Match"}),
        ("cancel_job", {"If-Match"}),
        ("get_job_payload", {"If-None-Match"}),
        ("get_job_result", {"If-None-Match"}),
        ("get_job_log", {"If-None-Match"}),
        ("follow_job", {"Last-Event-ID"}),
        ("get_document", {"If-None-Match"}),
    ],
)
def test_every_header_that_is_read_is_documented(name: str, headers: set[str]) -> None:
    parameters = OPERATIONS[name]["parameters"]

    assert {parameter["name"] for parameter in parameters if parameter["in"] == "header"} == headers


def test_every_kind_can_be_submitted_by_what_the_document_says() -> None:
    schema = OPERATIONS["submit_job"]["requestBody"]["content"]["application/json"]["schema"]

    assert schema["discriminator"]["mapping"].keys() == registry.kinds().keys()
    for kind, reference in schema["discriminator"]["mapping"].items():
        model = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
        assert model["properties"]["kind"]["const"] == kind
        assert {"$ref": reference} in schema["oneOf"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "probe.run", "payload": {}},
        {"kind": "probe.run", "payload": {"queue": "nowhere"}},
        {"kind": "probe.run", "payload": {"queue": "notifier", "mode": "blocking"}},
        {"kind": "probe.run", "payload": {"queue": "notifier", "fail": "kill"}},
        {"kind": "probe.run", "payload": {"queue": "notifier"}, "options": {"colour": "red"}},
        {"kind": "no.such", "payload": {"queue": "notifier"}},
    ],
)
def test_what_is_refused_does_not_fit_the_document(body: Node) -> None:
    schema = OPERATIONS["submit_job"]["requestBody"]["content"]["application/json"]["schema"]

    with pytest.raises(jsonschema_rs.ValidationError):
        check(schema, body)


def test_where_dangerous_probes_are_allowed_the_document_says_so() -> None:
    fields = _document(probes="all")["components"]["schemas"]["ProbeRun"]["properties"]

    assert "enum" not in fields["mode"]
    assert "enum" not in fields["fail"]


@pytest.mark.parametrize("change", [{"run_at": None}, {"tags": None}, {"priority": "urgent"}, {"queue": "x"}])
def test_a_change_that_is_refused_does_not_fit_the_document(change: Node) -> None:
    content = OPERATIONS["change_job"]["requestBody"]["content"]

    for media_type in ("application/json", "application/merge-patch+json"):
        with pytest.raises(jsonschema_rs.ValidationError):
            check(content[media_type]["schema"], change)


def test_no_parameter_may_be_null() -> None:
    parameters = [one for operation in OPERATIONS.values() for one in operation.get("parameters", [])]

    assert parameters
    assert not any("anyOf" in parameter["schema"] for parameter in parameters)


def test_an_event_stream_is_described_event_by_event() -> None:
    events = OPERATIONS["follow_job"]["responses"]["200"]["content"]["text/event-stream"]["itemSchema"]

    names = {event["properties"]["event"]["const"] for event in events["oneOf"]}

    assert names == {"state", "progress", "log"}
    for event in events["oneOf"]:
        reference = event["properties"]["data"]["contentSchema"]["$ref"]
        assert reference.rpartition("/")[2] in DOCUMENT["components"]["schemas"]
