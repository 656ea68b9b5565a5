"""Following the feed of all jobs: over one connection per process, in memory that no slow reader fills."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from arq.connections import ArqRedis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from afterwork import errors
from afterwork.contracts import FeedEvent, FeedGap
from afterwork.engine import keys
from afterwork.engine.jobs.feed_entries import ALL, BEGINNING, Entry, Place, Wanted, Window
from afterwork.engine.patience import pause
from afterwork.engine.server.connection import CALL_TIMEOUT
from afterwork.engine.server.own_connection import ask, own_connection
from afterwork.engine.tasks import end

SILENCE = 5
"""Seconds after which a read of the stream that brings nothing is begun anew."""
PART = 32
"""Entries that a reader is given at a time, each of what one script call changed."""
RECENT = 256
"""Entries that are kept in memory for all readers together; who is further behind reads them from Redis."""

Read = Callable[[Place | None, int], Awaitable[Window]]


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """What a reader is given at once. place: up to where the feed was looked through, also where nothing was wanted."""

    events: Sequence[FeedEvent | FeedGap]
    place: str


class Feed:
    """The end of the stream, as long as anybody reads it.

    read: entries from a place on, None: the newest; so many at most. Raises QueueUnavailable.
    """

    def __init__(self, redis: ArqRedis, read: Read) -> None:
        self._redis = redis
        self._read = read
        self._recent: deque[Entry] = deque()
        self._since: Place | None = None  # what came after this entry is in `_recent`
        self._news = asyncio.Event()
        self._readers = 0
        self._tail: asyncio.Task[None] | None = None

    async def newest(self) -> Place:
        """The place of the last event so far."""
        entries = (await self._read(None, 1)).entries
        return entries[-1].end if entries else BEGINNING

    async def follow(self, place: Place, wanted: Wanted) -> AsyncGenerator[FeedBatch, None]:
        """What comes after a place, for ever. An outage is waited for."""
        with self._reading():
            is_known = False
            while True:
                news = self._news
                gap: list[FeedEvent | FeedGap] = []
                if is_known and self._since is not None and place.entry >= self._since.entry:
                    entries: Sequence[Entry] = self._recent_after(place)
                else:
                    window = await self._when_back(place)
                    if not window.covers(place):
                        after, place = place, _entry_point(window, place)
                        gap.append(FeedGap(id=str(place), after=str(after)))
                    entries, is_known = window.entries, True
                events = [event for entry in entries for event in entry.events(wanted, _seen(entry, place))]
                last = entries[-1].end if entries else place
                if last != place or gap:
                    place = last
                    yield FeedBatch([*gap, *events], str(place))
                else:
                    await news.wait()

    async def close(self) -> None:
        """Follow nothing any more."""
        if self._tail is not None:
            await end([self._tail])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """The stream is followed as long as there are readers."""
        self._readers += 1
        if self._tail is None:
            self._tail = asyncio.create_task(self._keep_up())
        try:
            yield
        finally:
            self._readers -= 1

    def _recent_after(self, place: Place) -> Sequence[Entry]:
        later: list[Entry] = []
        for entry in reversed(self._recent):
            if entry.start.entry <= place.entry:
                break
            later.append(entry)
        return later[::-1][:PART]

    async def _when_back(self, place: Place) -> Window:
        failures = 0
        while True:
            try:
                return await self._read(place, PART)
            except errors.QueueUnavailable:
                failures += 1
                await asyncio.sleep(pause(failures))

    async def _keep_up(self) -> None:
        """It ends by itself: redis-py may swallow a cancellation."""
        failures = 0
        while self._readers:
            try:
                async with own_connection(self._redis, read_timeout=SILENCE + CALL_TIMEOUT) as own:
                    failures = 0
                    await self._follow_end(own)
            except (TimeoutError, RedisError, OSError):
                failures += 1
                await asyncio.sleep(pause(failures))
        self._tail = self._since = None
        self._recent.clear()

    async def _follow_end(self, own: AbstractConnection) -> None:
        """From where the stream ends now: what came while nobody listened is read by those who miss it."""
        newest = await ask(own, "XREVRANGE", keys.EVENTS, "+", "-", "COUNT", 1)
        last = Place.at(newest[0][0]) if newest else BEGINNING
        self._recent.clear()
        self._since = last
        self._tell()
        while self._readers:
            block = ("BLOCK", SILENCE * 1000, "COUNT", PART)
            reply = await ask(own, "XREAD", *block, "STREAMS", keys.EVENTS, last.entry_id)
            for entry_id, fields in reply[0][1] if reply else ():
                entry = Entry(Place.at(entry_id), fields[1])
                self._recent.append(entry)
                last = entry.start
            while len(self._recent) > RECENT:
                self._since = self._recent.popleft().start
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _seen(entry: Entry, place: Place) -> int:
    return place.seen if entry.start.entry == place.entry else 0


def _entry_point(window: Window, place: Place) -> Place:
    """Where a reader goes on whose place is not kept: at the oldest entry, or at the end if it is ahead."""
    return window.oldest if place.entry < window.oldest.entry else window.newest._replace(seen=ALL)
