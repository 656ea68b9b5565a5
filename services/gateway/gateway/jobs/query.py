"""The query of `GET /v1/jobs`."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from afterwork.contracts import JobQuery
from gateway.http.query import parameters_of, read_query
from gateway.http.responses import Node


async def _job_query(request: Request) -> JobQuery:
    return read_query(request, JobQuery)


Asked = Annotated[JobQuery, Depends(_job_query)]
"""The type of a route's parameter that receives the query."""


def query_parameters() -> Node:
    """The query as a route's `openapi_extra`."""
    return {"parameters": parameters_of(JobQuery)}
