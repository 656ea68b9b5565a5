"""Natural batching: submits that come while a call is under way share the next one, so nothing waits on a timer."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import OutOfMemoryError, RedisError

from afterwork.contracts import Durability
from afterwork.engine import connection, keys, scripts
from afterwork.engine.submission import Submission, Verdict, wire
from afterwork.engine.tasks import end

DURABILITY_AGE = 10.0
"""Seconds for which the server's persistence settings are believed."""


@dataclass(frozen=True, slots=True)
class _Item:
    arguments: list[scripts.Argument]
    size: int
    answer: "asyncio.Future[Verdict]"


class Submitter:
    """Stores jobs by `submit.lua`, one call under way at a time, at most 64 jobs and 256 KiB in each."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._waiting: deque[_Item] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._durability = Durability.UNKNOWN
        self._asked_at = float("-inf")

    async def submit(self, submissions: Sequence[Submission]) -> list[Verdict]:
        """One verdict per submission. Raises what redis-py raises; a repeat with the same ids is safe."""
        loop = asyncio.get_running_loop()
        items = [_item(submission, loop.create_future()) for submission in submissions]
        self._waiting.extend(items)
        if self._flushing is None or self._flushing.done():
            self._flushing = loop.create_task(self._flush())
        try:
            return [await item.answer for item in items]
        finally:
            for item in items:
                item.answer.cancel()

    async def close(self) -> None:
        """Give up what has not been sent."""
        if self._flushing is not None:
            await end([self._flushing])
        for item in self._waiting:
            item.answer.cancel()

    async def _flush(self) -> None:
        while batch := self._take():
            try:
                verdicts = await self._send([item.arguments for item in batch])
            except (TimeoutError, RedisError, OSError) as error:
                self._asked_at = float("-inf")
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

    async def _send(self, items: list[list[scripts.Argument]]) -> list[Verdict]:
        durability = await self._current_durability()
        arguments = [argument for item in items for argument in item]
        try:
            reply = await self._call(durability, arguments)
        except OutOfMemoryError:
            return [Verdict.full(durability) for _ in items]
        return [Verdict.of(row, durability) for row in reply]

    async def _call(self, durability: Durability, arguments: list[scripts.Argument]) -> list[list[bytes]]:
        submit = scripts.script("submit")
        try:
            return await scripts.call(self._redis, submit, durability, *arguments)  # type: ignore[no-any-return]
        except LostConnection:  # a pooled connection may be stale; the ids make a repeat safe
            return await scripts.call(self._redis, submit, durability, *arguments)  # type: ignore[no-any-return]

    async def _current_durability(self) -> Durability:
        if time.monotonic() - self._asked_at > DURABILITY_AGE:
            self._durability = (await connection.server_info(self._redis)).durability
            self._asked_at = time.monotonic()
        return self._durability


def _item(submission: Submission, answer: "asyncio.Future[Verdict]") -> _Item:
    arguments = wire(submission)
    payload = arguments[-1]
    return _Item(arguments, len(payload) if isinstance(payload, bytes) else 0, answer)
