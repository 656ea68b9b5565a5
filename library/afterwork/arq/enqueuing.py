"""Jobs of plain functions that are enqueued while a call is under way share the next one."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnection

from afterwork.engine import keys, scripts
from afterwork.engine.scripts import Argument
from afterwork.engine.tasks import end


@dataclass(frozen=True, slots=True)
class _Item:
    arguments: Sequence[Argument]
    size: int
    answer: "asyncio.Future[bool]"


class Enqueuer:
    """Stores jobs by `plain_submit.lua`, one call under way at a time, at most 64 jobs and 256 KiB in each."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: deque[_Item] = deque()
        self._flush: asyncio.Task[None] | None = None

    async def enqueue(self, arguments: Sequence[Argument]) -> bool:
        """Store one job, as the script takes it; False if it is there already. Raises what redis-py raises."""
        loop = asyncio.get_running_loop()
        size = sum(len(body) for body in arguments if isinstance(body, bytes))
        item = _Item(arguments, size, loop.create_future())
        self._waiting.append(item)
        if self._flush is None or self._flush.done():
            self._flush = loop.create_task(self._store_all())
        return await item.answer

    async def close(self) -> None:
        """Give up what has not been sent."""
        if self._flush is not None and self._flush.get_loop() is asyncio.get_running_loop():
            await end([self._flush])
        for item in self._waiting:
            item.answer.cancel()
        self._waiting.clear()

    async def _store_all(self) -> None:
        while batch := self._take():
            arguments = [argument for item in batch for argument in item.arguments]
            try:
                verdicts = await self._store(arguments)
            except Exception as error:  # noqa: BLE001 - whoever waits has to hear of it
                _answer(batch, [error] * len(batch))
            else:
                _answer(batch, [verdict == b"stored" for verdict in verdicts])

    async def _store(self, arguments: Sequence[Argument]) -> Sequence[bytes]:
        script = scripts.script("plain_submit")
        try:
            verdicts: Sequence[bytes] = await scripts.call(self._redis, script, *arguments)
        except LostConnection:  # a pooled connection may be stale; what names each wish makes a repeat safe
            verdicts = await scripts.call(self._redis, script, *arguments)
        return verdicts

    def _take(self) -> list[_Item]:
        batch: list[_Item] = []
        size = 0
        while self._waiting and len(batch) < keys.BATCH_JOBS:
            if batch and size + self._waiting[0].size > keys.BATCH_BYTES:
                break
            item = self._waiting.popleft()
            if not item.answer.done():
                batch.append(item)
                size += item.size
        return batch


def _answer(batch: Sequence[_Item], answers: Sequence[bool | Exception]) -> None:
    for item, answer in zip(batch, answers, strict=True):
        if item.answer.done():
            continue
        if isinstance(answer, Exception):
            item.answer.set_exception(answer)
        else:
            item.answer.set_result(answer)
