"""Natural batching: submits that come while calls are under way share the next one, so nothing waits on a timer."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from afterwork.engine import keys
from afterwork.engine.jobs.storing import Store
from afterwork.engine.jobs.submission import Submission, Verdict
from afterwork.engine.jobs.wire import Wire, wire
from afterwork.engine.tasks import end

CALLS = 2
"""Calls that may be under way at a time: one is packed or read while Redis works on the other."""
SHARE = 24
"""Jobs that must wait before another call is begun: half of 50 clients are worth one, fewer only make more calls."""
WAITING_CALLS = 16
"""The same if each waits for replicas, which takes up to a second."""


class _Request:
    """Submissions that were handed in together, and their verdicts as they come."""

    def __init__(self, count: int, answer: "asyncio.Future[None]") -> None:
        self.verdicts: list[Verdict | None] = [None] * count
        self.answer = answer
        self._missing = count

    def take(self, place: int, verdict: Verdict) -> None:
        self.verdicts[place] = verdict
        self._missing -= 1
        if not self._missing and not self.answer.done():
            self.answer.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def give_up(self) -> None:
        self.fail(TimeoutError())


@dataclass(frozen=True, slots=True)
class _Item:
    request: _Request
    place: int
    wire: Wire
    handed_in: float


class Submitter:
    """Stores jobs by `submit.lua`, at most 128 jobs and 256 KiB in each call.

    replicas: how many of them are to have a job before it is accepted.
    """

    def __init__(self, redis: ArqRedis, replicas: int = 0) -> None:
        self._store = Store(redis, replicas)
        self._calls, self._least = (WAITING_CALLS, 1) if replicas else (CALLS, SHARE)
        self._under_way = 0
        self._waiting: deque[_Item] = deque()
        self._flushes: list[asyncio.Task[None]] = []

    async def submit(self, submissions: Sequence[Submission], patience: float) -> list[Verdict]:
        """One verdict per submission. Raises what redis-py raises; a repeat with the same ids is safe.

        patience: seconds after which TimeoutError is raised.
        """
        if not submissions:
            return []
        loop = asyncio.get_running_loop()
        request = _Request(len(submissions), loop.create_future())
        now = time.monotonic()
        self._waiting.extend(
            [_Item(request, place, wire(submission), now) for place, submission in enumerate(submissions)]
        )
        self._begin_flushes(loop)
        giving_up = loop.call_later(patience, request.give_up)
        try:
            await request.answer
        finally:
            giving_up.cancel()
            request.answer.cancel()
        return [verdict for verdict in request.verdicts if verdict]

    async def close(self) -> None:
        """Give up what has not been sent."""
        await end(self._flushes)
        for item in self._waiting:
            item.request.answer.cancel()
        await self._store.close()

    def _begin_flushes(self, loop: asyncio.AbstractEventLoop) -> None:
        self._flushes = [flush for flush in self._flushes if not flush.done()]
        ready = len(self._flushes) - self._under_way
        while not self._flushes or (
            len(self._flushes) < self._calls and len(self._waiting) >= self._least + ready * SHARE
        ):
            self._flushes.append(loop.create_task(self._flush()))
            ready += 1

    async def _flush(self) -> None:
        while batch := self._take():
            self._under_way += 1
            try:
                verdicts = await self._store.store([item.wire for item in batch], batch[0].handed_in)
            except (TimeoutError, RedisError, OSError) as error:
                self._store.doubt()
                for item in batch:
                    item.request.fail(error)
            else:
                for item, verdict in zip(batch, verdicts, strict=True):
                    item.request.take(item.place, verdict)
            finally:
                self._under_way -= 1

    def _take(self) -> list[_Item]:
        batch: list[_Item] = []
        size = 0
        ready = sum(not flush.done() for flush in self._flushes) - self._under_way
        most = min(keys.SUBMIT_JOBS, -(-len(self._waiting) // ready))
        while self._waiting and len(batch) < most:
            item = self._waiting[0]
            if batch and size + item.wire.size > keys.BATCH_BYTES:
                break
            self._waiting.popleft()
            if not item.request.answer.done():
                batch.append(item)
                size += item.wire.size
        return batch
