"""`JobReader`: what can be learnt of jobs without changing any."""

import asyncio
import base64
import binascii
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableSequence, Sequence
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from arq.connections import ArqRedis

from afterwork import errors
from afterwork.contracts import (
    Job,
    JobEvent,
    JobPage,
    JobQuery,
    JobState,
    JobSummary,
    Ledger,
    LogLine,
    QueueOverview,
)
from afterwork.engine import keys, scripts
from afterwork.engine.codec import payload_of
from afterwork.engine.jobs import records
from afterwork.engine.jobs.changes import Changes
from afterwork.engine.jobs.events import events_since
from afterwork.engine.jobs.feed import Feed, FeedBatch
from afterwork.engine.jobs.feed_entries import Place, Wanted, Window
from afterwork.engine.jobs.looking import Looks
from afterwork.engine.scripts import Argument
from afterwork.engine.server import connection
from afterwork.engine.server.check import ServerReport
from afterwork.engine.server.watch import ServerWatch
from afterwork.engine.tasks import heeded, time_limit

T = TypeVar("T")

DEADLINE = 1.5
"""Seconds after which a call gives up, however it waited."""
MAX_CALLS = 32
"""Calls under way at a time, and thereby connections, however many ask."""
OUTAGE_PAUSE = 1.0
"""Seconds between two looks at a job that is followed, while Redis is away."""


class JobReader:
    """Reads jobs and follows them. Every call raises QueueUnavailable within 2 s if Redis cannot be used."""

    def __init__(self, redis: ArqRedis, *, replicas: int = 0) -> None:
        self._redis = redis
        self._looks = Looks(redis)
        self._changes = Changes(redis)
        self._feed = Feed(redis, self._window)
        self._calls = asyncio.Semaphore(MAX_CALLS)
        self._watch = ServerWatch(redis, replicas)

    @classmethod
    def connect(cls, url: str, *, replicas: int = 0) -> Self:
        """For the server at redis://, rediss:// or unix://; the connection is made at the first call.

        replicas: how many of them are to have written a job to their files before it is accepted.
        """
        return cls(connection.connect(url), replicas=replicas)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Follow nothing any more and close the connections."""
        await self._looks.close()
        await self._changes.close()
        await self._feed.close()
        await connection.close(self._redis)

    async def get(self, job_id: str) -> Job:
        """The job with its result and history. Raises NotFound."""
        async with deadline():
            reply = await self._looks.look(job_id)
        if not reply[1]:
            raise errors.NotFound(f"there is no job {job_id[:100]}")
        return records.job_from(job_id, reply)

    async def payload(self, job_id: str) -> Any:  # noqa: ANN401 - any JSON value
        """The job's payload as a JSON value. Raises NotFound, or Undecodable for what somebody else wrote."""
        return payload_of(await self.envelope(job_id))

    async def envelope(self, job_id: str) -> bytes:
        """The bytes in which the job's payload is kept, whatever they are. Raises NotFound."""
        envelope: bytes | None = await self._call("payload", job_id)
        if envelope is None:
            raise errors.NotFound(f"there is no payload of a job {job_id[:100]}")
        return envelope

    async def result(self, job_id: str) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a job that succeeded. Raises NotFound if there is none, NotFinished before the end."""
        job = await self.get(job_id)
        if not job.state.is_final:
            raise errors.NotFinished(f"job {job_id} is {job.state}")
        if job.error is not None:
            raise errors.NotFound(f"job {job_id} {job.state} and has no result: {job.error.detail}")
        if job.kind == keys.PLAIN:
            raise errors.NotFound(
                f"the result of job {job_id} is in a form that only its ARQ clients can read"
            )
        return job.result

    async def wait(self, job_id: str, timeout: float) -> Job:  # noqa: ASYNC109 - it ends in a value
        """The job when it has ended, or as it is after `timeout` seconds. Raises NotFound.

        Nothing is polled: its end is pushed, over one connection for all that wait in this process. An outage after
        the beginning is waited for as well.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        async with self._changes.of(job_id) as follower:
            job = await self.get(job_id)
            while not job.state.is_final:
                try:
                    async with asyncio.timeout_at(deadline):
                        await follower.end()
                except TimeoutError:
                    return await self.get(job_id)
                job = await self._when_back(lambda: self.get(job_id), until=deadline)
        return job

    async def events(self, job_id: str, after: int = 0) -> AsyncGenerator[Sequence[JobEvent], None]:
        """What happens to the job, until it has ended; first, what happened later than version `after`.

        Raises NotFound, and QueueUnavailable at the beginning; an outage later is waited for. A reader who is slow
        misses nothing: what it has not asked for yet is read from the record when it asks.
        """
        async with self._changes.of(job_id) as follower:
            happened = events_since(job_id, await self._whole(job_id), after)
            while True:
                if happened.events:
                    yield happened.events
                if happened.is_over:
                    return
                await follower.change()
                whole = await self._when_back(lambda: self._whole(job_id))
                happened = events_since(job_id, whole, happened.version)

    async def feed_place(self, after: str | None = None) -> str:
        """Where a reader of the feed begins: after the event with this id, or at the end. Raises BadParameter."""
        place = await self._feed.newest()
        return str(place if after is None else Place.of(after))

    async def feed(
        self,
        after: str | None = None,
        *,
        queue: str | None = None,
        kind: str | None = None,
        state: JobState | None = None,
    ) -> AsyncGenerator[FeedBatch, None]:
        """The states that all jobs enter, each once and in order, from now on or from after the event with this id.

        Where events are missing, because no more than the last ones are kept, a FeedGap stands for them; `0-0.0` is
        the beginning of what is kept. Raises BadParameter for what is no id, and QueueUnavailable if Redis is away and
        `after` is None; an outage later is waited for. A reader may be as slow as it likes.
        """
        place = Place.of(after) if after is not None else await self._feed.newest()
        async with aclosing(self._feed.follow(place, Wanted(queue, kind, state))) as batches:
            async for batch in batches:
                yield batch

    async def log(self, job_id: str) -> Sequence[LogLine]:
        """The last 100 lines that the job logged, oldest first. Raises NotFound."""
        return records.log_from(await self._whole(job_id))

    async def list(self, query: JobQuery) -> JobPage:
        """One page of jobs, newest first. Raises BadParameter for a page token that none was given out as."""
        place = _opened(query.page_token)
        since = query.created_after.timestamp() * 1000 if query.created_after else ""
        filters = (query.state or "", query.kind or "", query.queue or "", query.tag or "", str(since))
        jobs: MutableSequence[JobSummary] = []
        async with deadline():
            while len(jobs) < query.page_size:
                size = min(keys.LIST_JOBS, query.page_size - len(jobs))
                now, rows, *place = await self._call("list", *filters, size, *place)
                jobs += [records.summary_from(now, row) for row in rows]
                if not rows or not place[1]:
                    break
        return JobPage(jobs=jobs, next_page_token=_sealed(*place) if place[1] else None)

    async def ledger(self) -> Ledger:
        """The conservation counts, taken at one instant."""
        return records.ledger_from(await self._call("ledger"))

    async def queues(self) -> Sequence[QueueOverview]:
        """What waits and runs in every queue that ever had a job."""
        return records.queues_from(await self._call("queues"))

    async def check_server(self) -> ServerReport:
        """How the server is, when a process starts. Raises UnfitServer if no waiting will make it fit."""
        return await self._watch.begin()

    async def server(self) -> ServerReport:
        """How the server is, at most a second old; one that is away is reported, too. Changes are logged."""
        return await self._watch.report()

    async def _call(self, name: str, *args: Argument) -> Any:  # noqa: ANN401 - each script's own reply
        async with deadline(), self._calls:
            return await scripts.call(self._redis, scripts.script(name), *args)

    async def _window(self, place: Place | None, size: int) -> Window:
        return Window.of(await self._call("feed", place.entry_id if place else "", size))

    async def _whole(self, job_id: str) -> Sequence[Any]:
        async with deadline():
            reply = await self._looks.look(job_id, 1)
        if not reply[1]:
            raise errors.NotFound(f"there is no job {job_id[:100]}")
        return reply

    async def _when_back(self, look: Callable[[], Awaitable[T]], until: float = math.inf) -> T:
        """Look until Redis answers, or until a time of the loop's clock."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await look()
            except errors.QueueUnavailable:
                if loop.time() >= until:
                    raise
                await asyncio.sleep(OUTAGE_PAUSE)


@asynccontextmanager
async def deadline(seconds: float = DEADLINE) -> AsyncIterator[None]:
    """Whatever takes longer, or fails for want of Redis, is QueueUnavailable. May be nested."""
    with heeded(), connection.told_apart():
        async with time_limit(seconds):
            yield


def _sealed(created: bytes, job_id: bytes) -> str:
    return base64.urlsafe_b64encode(created + b" " + job_id).decode().rstrip("=")


def _opened(token: str | None) -> Sequence[Any]:
    if token is None:
        return "", ""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
        created, job_id = text.split(" ", 1)
        return str(int(created)), job_id
    except (binascii.Error, ValueError) as error:
        raise errors.BadParameter("page_token is not one that was given out") from error
