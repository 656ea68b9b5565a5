"""Streams of server-sent events (WHATWG HTML, section 9.2) that end in order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import anyio
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus

from afterwork.engine.tasks import end
from gateway.http.responses import REF, Node

RECONNECT = 2000
"""Milliseconds after which a reader whose stream broke comes back."""
SEPARATOR = "\n"

Batch = Sequence[ServerSentEvent]

# Streams end in order when they are told to; the library would find out by polling, and break them off.
AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]


def event_source(
    batches: AsyncGenerator[Batch, None],
    *,
    ending: asyncio.Event,
    keep_alive: float,
    place: Callable[[], str | None] = lambda: None,
) -> EventSourceResponse:
    """The events of these batches until they end; a comment every `keep_alive` seconds.

    The next batch is not asked for before the last one was taken. It ends early, to be resumed elsewhere, as soon as
    `ending` is set. place: the id that a reader is to come back with, sent with each comment.
    """
    return EventSourceResponse(
        _stream(batches, ending),
        ping=keep_alive,
        ping_message_factory=lambda: ServerSentEvent(comment="", id=place(), sep=SEPARATOR),
        sep=SEPARATOR,
    )


def message_schema(name: str, model: type[BaseModel], id_pattern: str) -> Node:
    """An event as the OpenAPI document describes it."""
    data = {
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": REF.format(model=model.__name__)},
    }
    return {
        "type": "object",
        "properties": {
            "event": {"const": name},
            "data": {"type": "string", **data},
            "id": {"type": "string", "pattern": id_pattern},
        },
        "required": ["event", "data"],
    }


async def _stream(
    batches: AsyncGenerator[Batch, None], ending: asyncio.Event
) -> AsyncGenerator[ServerSentEvent, None]:
    yield ServerSentEvent(retry=RECONNECT, sep=SEPARATOR)
    ended, step = asyncio.create_task(ending.wait()), asyncio.create_task(_next(batches))
    try:
        while await _is_first(step, ended) and (batch := step.result()) is not None:
            for message in batch:
                yield message
            step = asyncio.create_task(_next(batches))
    finally:
        with anyio.CancelScope(shield=True):  # whoever cancels the answer would cut this short as well
            await end([step, ended])
            await batches.aclose()


async def _next(batches: AsyncGenerator[Batch, None]) -> Batch | None:
    return await anext(batches, None)


async def _is_first(step: "asyncio.Task[Batch | None]", ended: "asyncio.Task[bool]") -> bool:
    done, _ = await asyncio.wait([step, ended], return_when=asyncio.FIRST_COMPLETED)
    return ended not in done
