"""The query of `GET /v1/documents/{collection}`: three parameters of its own, and any field of a document."""

import json
import math
from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import Depends
from pydantic import Field, ValidationError
from starlette.requests import Request

from afterwork.contracts.base import Frozen
from afterwork.errors import BadParameter
from gateway.http.responses import Node

MAX_FILTERS = 10
Value = str | int | float | bool | None


class _Paging(Frozen):
    order: Literal["newest", "id"] = "newest"
    page_size: Annotated[int, Field(ge=1, le=500)] = 50
    page_token: str | None = None


class DocumentQuery(_Paging):
    """Which documents, in which order. where: path of a field → the values of which it must have one."""

    where: dict[str, tuple[Value, ...]]


async def document_query(request: Request) -> DocumentQuery:
    """Read the query. Raises BadParameter for what is given twice, is empty, or cannot be meant."""
    values = request.query_params
    for name in values:
        if len(values.getlist(name)) > 1 or not values[name]:
            raise BadParameter(f"{name}: give one value, or leave it out")
    filters = {name: value for name, value in values.items() if name not in _Paging.model_fields}
    if len(filters) > MAX_FILTERS:
        raise BadParameter(f"at most {MAX_FILTERS} fields can be asked for, not {len(filters)}")
    try:
        paging = _Paging.model_validate_strings(
            {name: values[name] for name in values if name not in filters}
        )
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()[:10])
        raise BadParameter(faults) from error
    where = {name: tuple(_meanings(value)) for name, value in filters.items()}
    return DocumentQuery(**vars(paging), where=where)


AskedDocuments = Annotated[DocumentQuery, Depends(document_query)]
"""The type of a route's parameter that receives the query."""


def query_parameters() -> Node:
    """The query as a route's `openapi_extra`."""
    properties = _Paging.model_json_schema()["properties"]
    own = [
        {"name": name, "in": "query", "required": False, "schema": properties[name]} for name in properties
    ]
    fields = {
        "name": "fields",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": True,
        "description": "Paths of fields, and the value that each must have, as text or as a JSON number or literal.",
        "schema": {
            "type": "object",
            "maxProperties": MAX_FILTERS,
            "propertyNames": {"pattern": r"^[A-Za-z][A-Za-z0-9]{0,30}(\.[A-Za-z][A-Za-z0-9]{0,30}){0,7}$"},
            "additionalProperties": {"type": "string", "minLength": 1},
        },
        "example": {"metadata.format": "JPEG"},
    }
    return {"parameters": [*own, fields]}


def _meanings(value: str) -> Iterable[Value]:
    """A text is itself, and may also be meant as a number, `true`, `false` or `null`."""
    yield value
    try:
        meant = json.loads(value, parse_constant=str)
    except (ValueError, RecursionError):
        return
    if meant is None or (isinstance(meant, bool | int | float) and _is_finite(meant)):
        yield meant


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond the largest number
        return False
