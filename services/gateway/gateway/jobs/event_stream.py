"""A job's events as server-sent events (WHATWG HTML, section 9.2), from any version of its record on."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus

from afterwork.contracts import JobEvent, LogLine, Progress, StateChange
from afterwork.engine import JobClient
from afterwork.engine.tasks import end
from afterwork.errors import NotFound, QueueUnavailable

RECONNECT = 2000
"""Milliseconds after which a reader whose stream broke comes back."""
PAUSE = 1.0
"""Seconds between two attempts to follow a job while Redis is away."""

Batch = Sequence[JobEvent]

NAMES: dict[type[StateChange | Progress | LogLine], str] = {
    StateChange: "state",
    Progress: "progress",
    LogLine: "log",
}
_SEPARATOR = "\n"

# Streams end in order when they are told to; the library would find out by polling, and break them off.
AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]


def event_stream(
    client: JobClient, job_id: str, after: int, *, ending: asyncio.Event, keep_alive: float
) -> EventSourceResponse:
    """What happens to the job after version `after`, until it has ended; a comment every `keep_alive` seconds.

    It ends early, to be resumed elsewhere, as soon as `ending` is set. While Redis is away it stays, and goes on later.
    """
    return EventSourceResponse(
        _stream(_followed(client, job_id, after), ending),
        ping=keep_alive,
        ping_message_factory=lambda: ServerSentEvent(comment="", sep=_SEPARATOR),
        sep=_SEPARATOR,
    )


def messages(batch: Batch) -> Iterator[ServerSentEvent]:
    """The events as they are sent.

    Of those that share a version only the last has it as its id: a reader who lost the others asks for them again.
    """
    following = [event.version for event in batch[1:]]
    for event, next_version in zip(batch, [*following, None], strict=True):
        yield ServerSentEvent(
            event.what.model_dump_json(),
            event=NAMES[type(event.what)],
            id=None if event.version == next_version else str(event.version),
            sep=_SEPARATOR,
        )


async def _stream(
    batches: AsyncGenerator[Batch, None], ending: asyncio.Event
) -> AsyncGenerator[ServerSentEvent, None]:
    yield ServerSentEvent(retry=RECONNECT, sep=_SEPARATOR)
    ended, step = asyncio.create_task(ending.wait()), asyncio.create_task(_next(batches))
    try:
        while await _is_first(step, ended) and (batch := step.result()) is not None:
            for message in messages(batch):
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


async def _followed(client: JobClient, job_id: str, after: int) -> AsyncGenerator[Batch, None]:
    while True:
        try:
            async with aclosing(client.events(job_id, after)) as batches:
                async for batch in batches:
                    yield batch
                    after = batch[-1].version
        except QueueUnavailable:
            await asyncio.sleep(PAUSE)
        except NotFound:
            return
        else:
            return
