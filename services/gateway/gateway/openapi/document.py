"""The OpenAPI document: what the framework sees of the routes, and what it does not see."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, JsonValue, TypeAdapter
from pydantic.json_schema import models_json_schema

from afterwork.contracts import FeedEvent, FeedGap, KindLimits, Progress, StateChange
from afterwork.errors import problem_types
from gateway.http.problems import ProblemDocument
from gateway.http.responses import REF, Node
from gateway.jobs.amendment import MERGE_PATCH, JobChange
from gateway.jobs.catalogue import KindList, KindResource
from gateway.jobs.queue_orders import QueuePart
from gateway.jobs.submission import Intake, JobRequest
from gateway.jobs.typed import body_models
from gateway.openapi import examples

_FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")


def complete(document: Node, intake: Intake, kinds: KindList) -> None:
    """Add to the framework's document, in place, what it does not know."""
    schemas = document["components"]["schemas"]
    references = _add_models(schemas, intake.models)
    paths = document["paths"]
    paths["/v1/jobs"]["post"]["requestBody"] = _submission(references, kinds)
    paths["/v1/jobs/{job_id}"]["patch"]["requestBody"] = _change()
    for path, body in _typed_bodies(schemas).items():
        paths[path]["post"]["requestBody"] = body
    intake.restrict(schemas)
    codes = [error.code for error in problem_types()]
    for operation in _operations(document):
        _drop_framework_errors(operation)
        for parameter in operation.get("parameters", []):
            _tighten(parameter, codes)
    _add_examples(document)


def _add_models(schemas: Node, requests: Mapping[str, type[JobRequest]]) -> dict[str, str]:
    told: list[type[BaseModel]] = [Progress, StateChange, FeedEvent, FeedGap]
    models: list[type[BaseModel]] = [ProblemDocument, *told, KindLimits, QueuePart, *requests.values()]
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=REF
    )
    change = TypeAdapter(JobChange).json_schema(ref_template=REF)
    schemas.update(change.pop("$defs"))
    schemas.update(definitions["$defs"])
    schemas[JobChange.__name__] = change
    for name in _FRAMEWORK_ERRORS:
        schemas.pop(name, None)
    return {kind: references[model, "validation"]["$ref"] for kind, model in requests.items()}


def _submission(references: Mapping[str, str], kinds: KindList) -> Node:
    schema = {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "kind", "mapping": references},
    }
    given = {
        f"{resource.kind}.{number}": {"value": {"kind": resource.kind, "payload": payload}}
        for resource in kinds.kinds
        for number, payload in enumerate(_examples(resource), start=1)
    }
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": given}}}


def _examples(kind: KindResource) -> list[JsonValue]:
    given = kind.payload_schema.get("examples")
    return given if isinstance(given, list) else []


def _typed_bodies(schemas: Node) -> dict[str, Node]:
    bodies = {}
    for path, model in body_models().items():
        schema = model.model_json_schema(ref_template=REF)
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
        given = schema.pop("examples", [])
        content = {
            "schema": {"$ref": REF.format(model=model.__name__)},
            "examples": {str(number): {"value": value} for number, value in enumerate(given, start=1)},
        }
        bodies[path] = {"required": True, "content": {"application/json": content}}
    return bodies


def _change() -> Node:
    body = {
        "schema": {"$ref": REF.format(model=JobChange.__name__)},
        "examples": {"later": {"value": examples.CHANGE}},
    }
    return {"required": True, "content": {"application/json": body, MERGE_PATCH: body}}


def _tighten(parameter: Node, codes: list[str]) -> None:
    """A parameter that is sent is neither null nor empty."""
    schema = parameter["schema"]
    given = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if given:
        schema.update(given[0])
    if parameter["in"] != "header" and schema.get("type") == "string":
        schema["minLength"] = 1
    if parameter["name"] == "code":
        schema["enum"] = codes


def _drop_framework_errors(operation: Node) -> None:
    if _FRAMEWORK_ERRORS[0] in str(operation["responses"].get("422")):
        del operation["responses"]["422"]


def _add_examples(document: Node) -> None:
    bodies = examples.answers()
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            body = bodies.get((operation["operationId"], status))
            for content in response.get("content", {}).values() if body is not None else ():
                content.setdefault("examples", {"one": {"value": body}})


def _operations(document: Node) -> Iterator[Node]:
    for path in document["paths"].values():
        yield from path.values()
