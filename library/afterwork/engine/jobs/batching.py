"""Natural batching: submits that come while a call is under way share the next one, so nothing waits on a timer."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from afterwork.engine import keys, scripts
from afterwork.engine.jobs.storing import Store
from afterwork.engine.jobs.submission import Submission, Verdict, wire
from afterwork.engine.tasks import end

WAITING_CALLS = 16
"""Calls that may be under way at a time if each waits for replicas, which takes up to a second."""


@dataclass(frozen=True, slots=True)
class _Item:
    arguments: list[scripts.Argument]
    size: int
    handed_in: float
    answer: "asyncio.Future[Verdict]"


class Submitter:
    """Stores jobs by `submit.lua`, one call under way at a time, at most 64 jobs and 256 KiB in each.

    replicas: how many of them are to have a job before it is accepted; then several calls are under way.
    """

    def __init__(self, redis: ArqRedis, replicas: int = 0) -> None:
        self._store = Store(redis, replicas)
        self._calls = WAITING_CALLS if replicas else 1
        self._waiting: deque[_Item] = deque()
        self._flushes: list[asyncio.Task[None]] = []

    async def submit(self, submissions: Sequence[Submission]) -> list[Verdict]:
        """One verdict per submission. Raises what redis-py raises; a repeat with the same ids is safe."""
        loop = asyncio.get_running_loop()
        items = [_item(submission, loop.create_future()) for submission in submissions]
        self._waiting.extend(items)
        self._flushes = [flush for flush in self._flushes if not flush.done()]
        batches = len(self._waiting) / keys.BATCH_JOBS
        while len(self._flushes) < min(self._calls, batches + 1):
            self._flushes.append(loop.create_task(self._flush()))
        try:
            return [await item.answer for item in items]
        finally:
            for item in items:
                item.answer.cancel()

    async def close(self) -> None:
        """Give up what has not been sent."""
        await end(self._flushes)
        for item in self._waiting:
            item.answer.cancel()

    async def _flush(self) -> None:
        while batch := self._take():
            try:
                verdicts = await self._store.store([item.arguments for item in batch], batch[0].handed_in)
            except (TimeoutError, RedisError, OSError) as error:
                self._store.doubt()
                for item in batch:
                    if not item.answer.done():
                        item.answer.set_exception(error)
            else:
                for item, verdict in zip(batch, verdicts, strict=True):
                    if not item.answer.done():
                        item.answer.set_result(verdict)

    def _take(self) -> list[_Item]:
        batch: list[_Item] = []
        size = 0
        while self._waiting and len(batch) < keys.BATCH_JOBS:
            item = self._waiting[0]
            if batch and size + item.size > keys.BATCH_BYTES:
                break
            self._waiting.popleft()
            if not item.answer.done():
                batch.append(item)
                size += item.size
        return batch


def _item(submission: Submission, answer: "asyncio.Future[Verdict]") -> _Item:
    arguments = wire(submission)
    size = sum(len(body) for body in arguments if isinstance(body, bytes))
    return _Item(arguments, size, time.monotonic(), answer)
