"""Afterwork's engine around the functions of one ARQ worker: pump, keeper, watch and duties, from begin to end."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from redis.exceptions import RedisError

from afterwork.arq.attempts import PlainAttempts
from afterwork.arq.connections import ArqRedis
from afterwork.arq.execution import Rules
from afterwork.arq.servers import engine_pool, keeper_client
from afterwork.arq.steps import PlainSteps
from afterwork.engine import keys, scripts
from afterwork.engine.jobs.client import JobClient
from afterwork.engine.jobs.duties import Duties
from afterwork.engine.jobs.workers import WorkerName
from afterwork.engine.patience import pause
from afterwork.engine.server import connection
from afterwork.engine.tasks import end
from afterwork.engine.work.attempts import Surroundings
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.executor import STOP_GRACE, Work
from afterwork.engine.work.keeper import Keeper
from afterwork.engine.work.loop_time import LoopTime
from afterwork.engine.work.loop_watch import LoopWatch, Reactions
from afterwork.engine.work.observer import Observer
from afterwork.engine.work.outcome import Outcome
from afterwork.engine.work.rescue import Rescue
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.sign_of_life import SignOfLife
from afterwork.engine.work.wakeups import await_control, await_tokens

TICK = 0.01
"""Seconds between two looks whether the last jobs have stopped."""


class _Silent(SignOfLife):
    """ARQ's worker writes its sign of life itself, as often as its settings say."""

    def __init__(self) -> None:
        super().__init__("", interval=0.0, describe=str)

    def _write(self, redis: scripts.SyncServer, holds: int) -> None:
        """Nothing."""


class Engine:
    """Works one queue of plain functions. lease: seconds. max_starts: how many jobs are claimed at most, in all."""

    def __init__(
        self,
        pool: ArqRedis,
        rules: Rules,
        *,
        lease: float,
        max_jobs: int,
        max_starts: int | None,
        on_count: Callable[[Outcome], None],
    ) -> None:
        self.name = f"arq-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        self._queue = rules.queue
        self._lease = lease
        self.redis = engine_pool(pool, self.name)
        time, loop = LoopTime(), asyncio.get_running_loop()
        self._steps = PlainSteps(
            self.redis,
            worker=self.name,
            queue=rules.queue,
            lease=lease,
            max_tries=rules.max_tries,
            timeout=rules.timeout,
        )
        around = Surroundings(
            loop=loop,
            redis=self.redis,
            worker=self.name,
            concurrency=max_jobs,
            backoff=Backoff(),
            time=time,
            observer=Observer(),
            work_of=_no_work,
            on_stuck=self.stop,
        )
        self.attempts = PlainAttempts(self._steps, around, rules, on_count=on_count, max_starts=max_starts)
        self._keeper = self._keeper_of(pool)
        self._rescue = Rescue(self._keeper.redis, self._steps, self.attempts.pump, self.attempts.held)
        self._watch = LoopWatch(
            time, self.attempts.running, self._rescue, lease=lease, reactions=Reactions(lambda _: None)
        )

    def _keeper_of(self, pool: ArqRedis) -> Keeper:
        return Keeper(
            keeper_client(pool, self.name, min(connection.CALL_TIMEOUT, self._lease / 3)),
            lease=self._lease,
            held=self.attempts.held.copy,
            sign_of_life=_Silent(),
            on_lost=self.attempts.lose_soon,
            on_cancel=self.attempts.cancel_soon,
        )

    async def run(self) -> None:
        """Work until `stop` was called and everything has ended; if cancelled, hand back what still runs."""
        async with self._attended():
            try:
                await self._declare()
                await self.attempts.pump.run()
                await self.attempts.after()
            finally:
                if self.attempts.held:
                    await self._hand_back()

    def stop(self, grace: float | None = None) -> None:
        """Claim nothing any more. grace: seconds after which jobs that still run are stopped and handed back."""
        self.attempts.pump.drain()
        if grace == 0:
            self.attempts.release_all()
        elif grace is not None:
            asyncio.get_running_loop().call_later(grace, self.attempts.release_all)

    async def is_empty(self) -> bool:
        """Whether there is nothing to do, now or later, in this queue."""
        if self.attempts.held:
            return False
        lanes = [self._queue, keys.SUSPECTS + self._queue]
        lanes += [f"{keys.LANE}{self._queue}:{keys.PLAIN}:{level}" for level in ("high", "low")]
        for lane in lanes:
            if await self.redis.zcard(lane):
                return False
        return not self.attempts.held

    @asynccontextmanager
    async def _attended(self) -> AsyncIterator[None]:
        pump = self.attempts.pump
        background = [
            asyncio.create_task(await_tokens(self.redis, self._queue, pump)),
            asyncio.create_task(await_control(self.redis, self.name, self.attempts.cancel)),
        ]
        self._keeper.start()
        self._watch.begin()
        try:
            own = WorkerName(self._queue, self.name)
            async with Duties(JobClient(self.redis), lease=self._lease, own=own):
                yield
        finally:
            self._watch.end()
            await asyncio.to_thread(self._keeper.stop)
            await end(background)
            await self._steps.close()
            await connection.close(self.redis)

    async def _declare(self) -> None:
        """Make the queue known, however long Redis is away."""
        failures = 0
        while not self.attempts.pump.is_draining:
            try:
                await scripts.call(self.redis, scripts.script("declare"), self._queue, keys.PLAIN, "")
            except (TimeoutError, RedisError, OSError):
                failures += 1
                await asyncio.sleep(pause(failures))
            else:
                return

    async def _hand_back(self) -> None:
        """What still runs has a moment to clean up; if Redis is away, the leases end by themselves."""
        self.attempts.release_all()
        until = asyncio.get_running_loop().time() + STOP_GRACE
        while self.attempts.running and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(TICK)
        with suppress(RedisError, OSError):
            self._rescue.hand_over()


def _no_work(claim: Claim) -> Work:
    """Plain functions are found by what their payloads say."""
    raise LookupError(claim.id)
