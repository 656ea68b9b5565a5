"""The feed of all jobs as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from pydantic import ConfigDict
from sse_starlette import EventSourceResponse, ServerSentEvent

from afterwork.contracts import FeedEvent, FeedGap, JobState
from afterwork.contracts.base import Frozen
from afterwork.engine import JobClient
from gateway.http.server_sent_events import SEPARATOR, event_source

NAMES: dict[type[FeedEvent | FeedGap], str] = {FeedEvent: "state", FeedGap: "gap"}


class FeedQuery(Frozen):
    """Which events of the feed are wanted; what is left out does not matter."""

    model_config = ConfigDict(extra="forbid")

    queue: str | None = None
    kind: str | None = None
    state: JobState | None = None


def feed_stream(
    client: JobClient, after: str, query: FeedQuery, *, ending: asyncio.Event, keep_alive: float
) -> EventSourceResponse:
    """The wanted states that jobs enter after a place in the feed, for ever; each comment tells how far it was read.

    It ends, to be resumed elsewhere, as soon as `ending` is set. While Redis is away it stays, and goes on later.
    """
    reader = _Reader(client, after, query)
    return event_source(reader.batches(), ending=ending, keep_alive=keep_alive, place=lambda: reader.place)


def message(event: FeedEvent | FeedGap) -> ServerSentEvent:
    """An event as it is sent."""
    return ServerSentEvent(event.model_dump_json(), event=NAMES[type(event)], id=event.id, sep=SEPARATOR)


class _Reader:
    """place: up to where everything that was wanted has been sent."""

    def __init__(self, client: JobClient, after: str, query: FeedQuery) -> None:
        self._client = client
        self._query = query
        self.place = after

    async def batches(self) -> AsyncGenerator[Sequence[ServerSentEvent], None]:
        """The messages of each part of the feed in which there are any."""
        query = self._query
        feed = self._client.feed(self.place, queue=query.queue, kind=query.kind, state=query.state)
        async with aclosing(feed) as batches:
            async for batch in batches:
                if batch.events:
                    yield [message(event) for event in batch.events]
                self.place = batch.place
