"""What the routes work with, built once by `create_app` and handed to each request by type."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from afterwork.documents import Documents
from afterwork.engine import JobClient
from afterwork.stores import Stores
from gateway.jobs.catalogue import KindList
from gateway.jobs.submission import Intake
from gateway.metrics import RequestCounts


@dataclass(frozen=True, slots=True)
class Parts:
    """Kept as `app.state.parts`.

    ending: set when this gateway is to end, so that nobody waits any longer. keep_alive: seconds between the comments
    of an event stream.
    """

    client: JobClient
    documents: Documents
    stores: Stores
    intake: Intake
    kinds: KindList
    counts: RequestCounts
    ending: asyncio.Event
    keep_alive: float


def parts_of(request: Request) -> Parts:
    """Those of the application that serves the request."""
    parts: Parts = request.app.state.parts
    return parts


async def _parts(request: Request) -> Parts:
    return parts_of(request)


Built = Annotated[Parts, Depends(_parts)]
"""The type of a route's parameter that receives the parts."""
