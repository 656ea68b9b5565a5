"""The query of `GET /v1/jobs`, where a filter that cannot be meant is refused instead of ignored."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request

from afterwork.contracts import JobQuery
from afterwork.errors import BadParameter


async def _job_query(query: Annotated[JobQuery, Query()], request: Request) -> JobQuery:
    # The framework takes the last of several values, and an empty one for none: both would list too much.
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1 or not request.query_params[name]:
            message = f"{name}: give one value, or leave it out"
            raise BadParameter(message)
    return query


Asked = Annotated[JobQuery, Depends(_job_query)]
"""The type of a route's parameter that receives the query."""
