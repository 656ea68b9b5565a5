"""Bodies of what an operator asks of a queue."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request

from afterwork.contracts import KindLimits
from afterwork.contracts.base import Frozen
from gateway.http.json_body import read_json
from gateway.http.pointers import places
from gateway.http.problems import InvalidBody

M = TypeVar("M", bound=BaseModel)


class QueuePart(Frozen):
    """What of a queue is meant: one kind, or without it all of the queue."""

    kind: Annotated[str, Field(min_length=1, max_length=200)] | None = None


async def read_part(request: Request) -> QueuePart:
    """The body, which may be left out. Raises InvalidBody and what `read_json` raises."""
    return await _read(request, QueuePart) if await request.body() else QueuePart()


async def read_limits(request: Request) -> KindLimits:
    """The body. Raises InvalidBody and what `read_json` raises."""
    return await _read(request, KindLimits)


async def _read(request: Request, model: type[M]) -> M:
    body = await read_json(request)
    try:
        return model.model_validate_json(body.raw, strict=True)
    except ValidationError as error:
        raise InvalidBody(places(error, body.value)) from error
