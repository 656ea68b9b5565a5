"""Queries of requests, where a filter that cannot be meant is refused instead of ignored."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from afterwork.errors import BadParameter
from gateway.http.responses import REF, Node

M = TypeVar("M", bound=BaseModel)


def read_query(request: Request, model: type[M]) -> M:
    """The query as this model. Raises BadParameter.

    Read here and not by the framework, which takes the last of several values and an empty one for none. Both would
    list too much; and it took a fifth of the request's time (`tests/bench`).
    """
    values = request.query_params
    for name in values:
        if len(values.getlist(name)) > 1 or not values[name]:
            message = f"{name}: give one value, or leave it out"
            raise BadParameter(message)
    try:
        return model.model_validate_strings(dict(values))
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()[:10])
        raise BadParameter(faults) from error


def parameters_of(model: type[BaseModel]) -> list[Node]:
    """The parameters of such a query, as a route's `openapi_extra` has them."""
    properties = model.model_json_schema(ref_template=REF)["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in properties.items()
    ]
