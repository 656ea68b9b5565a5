"""A job's events as server-sent events, from any version of its record on."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from sse_starlette import EventSourceResponse, ServerSentEvent

from afterwork.contracts import JobEvent, LogLine, Progress, StateChange
from afterwork.engine import JobClient
from afterwork.errors import NotFound, QueueUnavailable
from gateway.http.server_sent_events import SEPARATOR, event_source

PAUSE = 1.0
"""Seconds between two attempts to follow a job while Redis is away."""

Batch = Sequence[JobEvent]

NAMES: dict[type[StateChange | Progress | LogLine], str] = {
    StateChange: "state",
    Progress: "progress",
    LogLine: "log",
}


def event_stream(
    client: JobClient, job_id: str, after: int, *, ending: asyncio.Event, keep_alive: float
) -> EventSourceResponse:
    """What happens to the job after version `after`, until it has ended; a comment every `keep_alive` seconds.

    It ends early, to be resumed elsewhere, as soon as `ending` is set. While Redis is away it stays, and goes on later.
    """
    return event_source(_messages(client, job_id, after), ending=ending, keep_alive=keep_alive)


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
            sep=SEPARATOR,
        )


async def _messages(
    client: JobClient, job_id: str, after: int
) -> AsyncGenerator[Sequence[ServerSentEvent], None]:
    async with aclosing(_followed(client, job_id, after)) as batches:
        async for batch in batches:
            yield list(messages(batch))


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
