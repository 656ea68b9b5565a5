"""The query of `GET /v1/objects/{store}`."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from fastapi import Depends
from pydantic import Field, ValidationError
from starlette.requests import Request

from afterwork.contracts.base import Frozen
from afterwork.errors import BadParameter
from gateway.http.responses import Node


class ObjectQuery(Frozen):
    """Which objects: those whose keys begin with `prefix`, from where the page with this token ended."""

    prefix: Annotated[str, Field(max_length=900)] = ""
    page_size: Annotated[int, Field(ge=1, le=500)] = 50
    page_token: str | None = None

    @property
    def after(self) -> str:
        """The key after which the page begins. Raises BadParameter for a token that is none."""
        if self.page_token is None:
            return ""
        try:
            return urlsafe_b64decode(self.page_token.encode("ascii")).decode()
        except ValueError as error:
            raise BadParameter("page_token: is none that was given here") from error


def token_after(key: str) -> str:
    """The token of the page that begins after this key."""
    return urlsafe_b64encode(key.encode()).decode()


async def _object_query(request: Request) -> ObjectQuery:
    values = request.query_params
    for name in values:
        if len(values.getlist(name)) > 1 or not values[name]:
            raise BadParameter(f"{name}: give one value, or leave it out")
    try:
        return ObjectQuery.model_validate_strings(dict(values))
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()[:10])
        raise BadParameter(faults) from error


AskedObjects = Annotated[ObjectQuery, Depends(_object_query)]
"""The type of a route's parameter that receives the query."""


def query_parameters() -> Node:
    """The query as a route's `openapi_extra`."""
    properties = ObjectQuery.model_json_schema()["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in properties.items()
        ]
    }
