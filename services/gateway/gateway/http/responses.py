"""How routes say in the OpenAPI document what they answer: problems, bodies and headers."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from afterwork.errors import AfterworkError
from gateway.http.problems import MEDIA_TYPE, ProblemDocument, example

Node = dict[str, Any]
"""A part of the document, as the framework has it."""

REF = "#/components/schemas/{model}"

_SECONDS: Node = {"type": "integer", "minimum": 0}
_TAG: Node = {"type": "string", "pattern": '^"[^"]*"$'}
_HEADERS: dict[str, tuple[str, Node]] = {
    "Accept-Ranges": ("Ranges of its bytes can be asked for.", {"const": "bytes"}),
    "Afterwork-Tier": ("At which tier the object was written.", {"type": "string"}),
    "Cache-Control": ("Who may keep this, and how.", {"enum": ["no-store", "no-cache"]}),
    "Content-Disposition": ("A download, under the last part of the key.", {"type": "string"}),
    "Content-Range": ("Which bytes these are, of how many.", {"type": "string"}),
    "Content-Security-Policy": ("Nothing in it runs.", {"type": "string"}),
    "ETag": ("Changes whenever this answer does.", _TAG),
    "Last-Modified": ("When the object was written.", {"type": "string"}),
    "Idempotency-Replayed": ("An earlier request with this key stored the job.", {"const": "true"}),
    "Location": ("Address of the job, or of what was made.", {"type": "string", "format": "uri-reference"}),
    "Preference-Applied": ("The preferences that were honoured.", {"type": "string"}),
    "Retry-After": ("Seconds after which to ask again; missing once the job has ended.", _SECONDS),
    "X-Content-Type-Options": ("It is what it says it is.", {"const": "nosniff"}),
    "Vary": ("Headers of the request on which the answer depends.", {"type": "string"}),
}


def problems(*types: type[AfterworkError]) -> dict[int | str, Node]:
    """These errors as a route's `responses`, grouped by status, each with an example."""
    by_status: dict[int, list[type[AfterworkError]]] = defaultdict(list)
    for error in types:
        by_status[error.status].append(error)
    schema = {"$ref": REF.format(model=ProblemDocument.__name__)}
    return {
        status: {
            "description": "; ".join(f"`{error.code}`: {error.title}" for error in errors),
            "content": {
                MEDIA_TYPE: {
                    "schema": schema,
                    "examples": {error.code: {"value": example(error)} for error in errors},
                }
            },
        }
        for status, errors in by_status.items()
    }


def answer(status: int, model: type[BaseModel], description: str, *headers: str) -> dict[int | str, Node]:
    """A successful answer as a route's `responses`, with headers that `_HEADERS` knows."""
    return {status: {"model": model, "description": description, "headers": described_headers(headers)}}


def content(description: str, media_type: str, body: Node, *headers: str) -> dict[int | str, Node]:
    """A successful answer that is no model. body: its media type object, which holds its schema."""
    return {
        200: {
            "description": description,
            "content": {media_type: body},
            "headers": described_headers(headers),
        }
    }


def not_modified(*headers: str) -> dict[int | str, Node]:
    """The response of a route that looks at `If-None-Match`, with headers that `_HEADERS` knows besides `ETag`."""
    description = "Nothing has changed since the answer with the given `ETag`."
    return {304: {"description": description, "headers": described_headers(("ETag", *headers))}}


def request_header(name: str, description: str, **schema: Any) -> Node:  # noqa: ANN401 - any keyword of JSON Schema
    """A request header that a route reads by itself. schema: what its value must be, beyond a string."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


def headers(*described: Node) -> Node:
    """These request headers as a route's `openapi_extra`."""
    return {"parameters": list(described)}


IF_NONE_MATCH = request_header("If-None-Match", "An `ETag`: nothing is sent if it is the current one.")
IF_MATCH = request_header("If-Match", "An `ETag`: nothing is done unless it is the current one.")


def described_headers(names: tuple[str, ...]) -> Node:
    """These headers of an answer, which `_HEADERS` knows."""
    return {name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1]} for name in names}
