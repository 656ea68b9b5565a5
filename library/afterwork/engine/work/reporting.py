"""The channel of an attempt to Redis: reports through the worker's own step, checkpoints by a call of their own."""

import asyncio
from dataclasses import dataclass
from typing import Any

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from afterwork.contracts import Progress
from afterwork.engine import scripts
from afterwork.engine.codec import encode_checkpoint
from afterwork.engine.patience import pause
from afterwork.engine.tasks import heeded
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.reports import Reports


class LeaseLost(Exception):
    """The job is not this attempt's any more; what it does from now on counts for nothing."""


@dataclass(frozen=True, slots=True)
class RedisChannel:
    """Of one claim."""

    redis: ArqRedis
    reports: Reports
    claim: Claim

    def progress(self, progress: Progress) -> None:
        """Hand on to the next step."""
        body = progress.model_dump_json(exclude_none=True).encode()
        self.reports.progress(self.claim.token, body)

    def log(self, level: str, text: str) -> None:
        """Hand on to the next step."""
        self.reports.log(self.claim.token, level, text)

    async def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Try until Redis answers; the attempt's own time limit bounds it."""
        body = encode_checkpoint(value)
        failures = 0
        while True:
            try:
                answer = await self._store(body)
            except (TimeoutError, RedisError, OSError):
                failures += 1
                await asyncio.sleep(pause(failures))
            else:
                break
        if answer == b"lost":
            raise LeaseLost(f"job {self.claim.id} was taken from this attempt")

    async def _store(self, body: bytes) -> bytes:
        arguments = (self.claim.id, self.claim.token, body)
        with heeded():
            answer: bytes = await scripts.call(self.redis, scripts.script("checkpoint"), *arguments)
        return answer
