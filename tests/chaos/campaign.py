"""One fault after the other, in an order that the seed decides, until the time is up."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.chaos.faults import ON_GATEWAY, ON_WORKERS, TAKES_JOBS
from tests.chaos.fleet import PATIENCE, Fleet, Member
from tests.chaos.producers import Producers, Way
from tests.chaos.redis_faults import ON_REDIS, fill_redis
from tests.chaos.verdicts import Stroke
from tests.integration.workers import waiting

from afterwork.contracts import JobSummary

CALM = 1.0
"""Seconds between the recovery from one fault and the next, at most."""
BUSY = 2
"""Jobs that a worker runs at least when a fault hits it."""
Fault = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Field:
    """Where the faults fall."""

    fleet: Fleet
    producers: Producers
    random: Random

    async def strokes(self, seconds: float) -> AsyncIterator[Stroke]:
        """All faults in rounds, each round in an order of its own; the first round is ended in any case."""
        end = time.monotonic() + seconds
        names = [*ON_WORKERS, *ON_GATEWAY, *ON_REDIS]
        is_first = True
        while is_first or time.monotonic() < end:
            for name in self.random.sample(names, len(names)):
                if not is_first and time.monotonic() >= end:
                    return
                yield await self._strike(name)
                await waiting.elapsed(self.random.uniform(0, CALM))
            is_first = False

    async def _strike(self, name: str) -> Stroke:
        if name in ON_REDIS:
            return await self._on_redis(name)
        if name in ON_GATEWAY:
            fault = partial(ON_GATEWAY[name], self.fleet.gateway, self.random)
            return await self._happen(name, fault, frozenset())
        return await self._on_worker(name)

    async def _on_redis(self, name: str) -> Stroke:
        fault = ON_REDIS[name]
        workers = frozenset() if fault is fill_redis else self.fleet.pids
        return await self._happen(name, partial(fault, self.fleet, self.producers, self.random), workers)

    async def _on_worker(self, name: str) -> Stroke:
        member = self.random.choice(self.fleet.workers)
        held = await waiting.eventually(
            lambda: self.fleet.running(member), lambda jobs: len(jobs) >= BUSY, deadline=PATIENCE
        )
        fault = ON_WORKERS[name]
        happening = self._happen(
            name, partial(fault, member, self.random), frozenset({member.process.pid}), member
        )
        if fault not in TAKES_JOBS:
            return await happening
        before = time.monotonic()
        taking = asyncio.create_task(self._taken_over(held))
        stroke = await happening
        at = await taking
        takeover = None if at is None else at - before
        return Stroke(stroke.fault, stroke.began, stroke.ended, stroke.workers, stroke.flow, takeover)

    async def _happen(
        self, name: str, fault: Fault, workers: frozenset[int], member: Member | None = None
    ) -> Stroke:
        """The fault, and the recovery from it: a job that is submitted after its end has succeeded, everybody is up."""
        began = time.time()
        await fault()
        ended, before = time.time(), time.monotonic()
        queue = (member or self.random.choice(self.fleet.workers)).queue
        job_id = await self.producers.submit(self.producers.short(queue), Way.GATEWAY, self.random)
        await waiting.ended(self.fleet.client, job_id, deadline=PATIENCE)
        flow = time.monotonic() - before
        await waiting.true(lambda: self.fleet.is_up, deadline=PATIENCE)
        return Stroke(name, began, ended, workers, flow)

    async def _taken_over(self, held: Sequence[JobSummary]) -> float | None:
        """When the last of the jobs was started again, by the monotonic clock; None if none had to be."""
        starts = [await self._started_again(job) for job in held]
        return max((at for at in starts if at is not None), default=None)

    async def _started_again(self, before: JobSummary) -> float | None:
        job = await waiting.eventually(
            lambda: self.fleet.client.get(before.id),
            lambda job: job.state.is_final or job.claims > before.claims,
            deadline=PATIENCE,
        )
        return time.monotonic() if job.claims > before.claims else None
