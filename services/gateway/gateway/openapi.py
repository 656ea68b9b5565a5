"""What the OpenAPI document says beyond what the framework sees: bodies by kind, and problems."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from afterwork.errors import AfterworkError
from gateway.problems import MEDIA_TYPE, ProblemDocument
from gateway.submission import JobRequest

Node = dict[str, Any]
"""A part of the document, as the framework has it."""

_REF = "#/components/schemas/{model}"
_FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")


def problems(*types: type[AfterworkError]) -> dict[int | str, Node]:
    """These errors as a route's `responses`, grouped by status."""
    by_status: dict[int, list[type[AfterworkError]]] = defaultdict(list)
    for error in types:
        by_status[error.status].append(error)
    schema = {"$ref": _REF.format(model=ProblemDocument.__name__)}
    return {
        status: {
            "description": "; ".join(f"`{error.code}`: {error.title}" for error in errors),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status, errors in by_status.items()
    }


def answer(status: int, model: type[BaseModel], description: str, **headers: str) -> dict[int | str, Node]:
    """A successful answer as a route's `responses`. headers: name, with `_` for `-`, and its meaning."""
    described = {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in headers.items()
    }
    return {status: {"model": model, "description": description, "headers": described}}


def header(name: str, description: str) -> Node:
    """A request header that a route reads by itself, as its `openapi_extra`."""
    return {
        "parameters": [
            {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
        ]
    }


def complete(document: Node, requests: Mapping[str, type[JobRequest]]) -> None:
    """Add to the framework's document, in place, what it does not know. requests: kind → body of a submission."""
    models: list[type[BaseModel]] = [ProblemDocument, *requests.values()]
    references, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF
    )
    schemas = document["components"]["schemas"]
    schemas.update(definitions["$defs"])
    for name in _FRAMEWORK_ERRORS:
        schemas.pop(name, None)
    for operation in _operations(document):
        if _FRAMEWORK_ERRORS[0] in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
    by_kind = {kind: references[model, "validation"]["$ref"] for kind, model in requests.items()}
    document["paths"]["/v1/jobs"]["post"]["requestBody"] = _submission(by_kind)


def _submission(by_kind: Mapping[str, str]) -> Node:
    schema = {
        "oneOf": [{"$ref": reference} for reference in by_kind.values()],
        "discriminator": {"propertyName": "kind", "mapping": by_kind},
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _operations(document: Node) -> Iterator[Node]:
    for path in document["paths"].values():
        yield from path.values()
