"""The worker: an ARQ worker whose functions are our kinds, and whose loop is our pump."""

import asyncio
import os
import secrets
import socket
from dataclasses import dataclass, field
from typing import Any

import structlog
from arq import worker as arq_worker
from arq.worker import Function, func

from afterwork.contracts import Contract
from afterwork.engine import keys
from afterwork.engine.codec import dumps, loads
from afterwork.engine.jobs.client import JobClient
from afterwork.engine.jobs.duties import Duties
from afterwork.engine.jobs.workers import WorkerName
from afterwork.engine.server import connection
from afterwork.engine.tasks import end
from afterwork.engine.work.attempts import Attempts, Surroundings
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.declaring import declare
from afterwork.engine.work.executor import Work
from afterwork.engine.work.following import Following
from afterwork.engine.work.keeper import Keeper
from afterwork.engine.work.loop_time import LoopTime
from afterwork.engine.work.loop_watch import LoopWatch, Reactions
from afterwork.engine.work.observer import Observer
from afterwork.engine.work.parts import Parts
from afterwork.engine.work.rescue import Rescue
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.router import JobRouter
from afterwork.engine.work.run import Run
from afterwork.engine.work.sign_of_life import SignOfLife
from afterwork.engine.work.steps import Steps
from afterwork.engine.work.wakeups import await_control, await_tokens

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """concurrency: jobs at a time. lease and grace in seconds; grace: how long running jobs may go on after a drain.

    max_finished: ended jobs that are kept, at most.
    """

    url: str
    concurrency: int = 100
    lease: float = 15.0
    grace: float = 25.0
    backoff: Backoff = field(default_factory=Backoff)
    max_finished: int = keys.MAX_FINISHED


class Worker(arq_worker.Worker):
    """Works one queue until it is drained. `run_service` is how a service starts one.

    Build it inside the running loop. `async_run()` ends when a drain is over, `drain()` begins one.
    is_stuck: it has ended because nothing that it runs can be stopped; another process is to take its place.
    """

    def __init__(
        self,
        router: JobRouter,
        options: WorkerOptions,
        observer: Observer | None = None,
        parts: Parts | None = None,
    ) -> None:
        self.name = f"{router.queue}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        super().__init__(
            functions=[arq_function(contract, router) for contract in router.kinds.values()],
            queue_name=router.queue,
            redis_pool=connection.connect(options.url, name=self.name),
            handle_signals=False,
            max_jobs=options.concurrency,
            job_serializer=dumps,
            job_deserializer=loads,
        )
        self._router = router
        self._parts = parts or Parts()
        self._following = Following(router.queue, router.kinds)
        self._options = options
        self._observer = observer or Observer()
        self.is_stuck = False
        time = LoopTime()
        self._steps = steps = Steps(
            self.pool, worker=self.name, queue=router.queue, lease=options.lease, kinds=router.kinds
        )
        self._attempts = Attempts(steps, self._surroundings(time))
        self._keeper = Keeper(
            options.url,
            name=self.name,
            lease=options.lease,
            held=self._attempts.held.copy,
            sign_of_life=SignOfLife(router.queue, interval=options.lease / 3, describe=self._describe),
            on_lost=self._attempts.lose_soon,
            on_cancel=self._attempts.cancel_soon,
        )
        self._rescue = Rescue(self._keeper.redis, steps, self._attempts.pump, self._attempts.held)
        self.watch = LoopWatch(
            time,
            self._attempts.running,
            self._rescue,
            lease=options.lease,
            reactions=Reactions(self._observer.blocked),
        )

    def _surroundings(self, time: LoopTime) -> Surroundings:
        return Surroundings(
            loop=self.loop,
            redis=self.pool,
            worker=self.name,
            concurrency=self._options.concurrency,
            backoff=self._options.backoff,
            time=time,
            observer=self._observer,
            work_of=self._work_of,
            on_stuck=self._give_up,
        )

    async def main(self) -> None:
        """Replaces ARQ's polling loop: the pump, the keeper, the wake-ups and the shared duties."""
        background = [
            asyncio.create_task(await_tokens(self.pool, self._router.queue, self._attempts.pump)),
            asyncio.create_task(await_control(self.pool, self.name, self._attempts.cancel)),
        ]
        self._keeper.start()
        self.watch.begin()
        try:
            client, pump = JobClient(self.pool), self._attempts.pump
            async with self._duties(client):
                await declare(client, self._router, lambda: pump.is_draining)
                await pump.run()
        finally:
            self.watch.end()
            self._keeper.stop()
            await end(background)

    def _duties(self, client: JobClient) -> Duties:
        return Duties(
            client,
            lease=self._options.lease,
            max_finished=self._options.max_finished,
            own=WorkerName(self._router.queue, self.name),
        )

    def drain(self) -> None:
        """Claim nothing any more; running jobs have the grace period, then they are handed back."""
        self._attempts.pump.drain()
        self.loop.call_later(self._options.grace, self._attempts.release_all)
        logger.info("draining", running=len(self._attempts.running), grace=self._options.grace)

    def release_now(self) -> int:
        """From any thread: hand over what is held, because the process must end; returns how many jobs went back."""
        return self._rescue.hand_over()

    @property
    def running(self) -> int:
        """From any thread: how many attempts are under way."""
        return len(self._attempts.running)

    async def close(self) -> None:
        """Close the connections."""
        await self._steps.close()
        await connection.close(self.pool)

    def _describe(self) -> str:
        """The counts that ARQ's health check shows, in its words."""
        counts = self._attempts.counts
        return (
            f"j_complete={counts.complete} j_failed={counts.failed} j_retried={counts.retried} "
            f"j_ongoing={len(self._attempts.running)}"
        )

    def _work_of(self, claim: Claim) -> Work:
        function = self.functions[claim.kind]
        return Work(
            self._router.kinds[claim.kind],
            lambda job, run: function.coroutine({"run": run}, job),
            self._parts,
            self._following,
        )

    def _give_up(self) -> None:
        """No slot will be free again: end, in order, so that a fresh process takes this one's place."""
        if not self._attempts.pump.is_draining:
            logger.error("handlers that nothing can stop hold every slot, ending the process")
            self.is_stuck = True
            self._attempts.pump.drain()


def arq_function(contract: type[Contract], router: JobRouter) -> Function:
    """A kind as an ARQ function: called with ARQ's context, in which the run stands, and the payload."""
    run_handler = router.perform(contract.meta.kind)

    async def perform(ctx: dict[Any, Any], job: Contract) -> Any:  # noqa: ANN401 - the handler's result
        run: Run = ctx["run"]
        return await run_handler(job, run)

    meta = contract.meta
    return func(perform, name=meta.kind, timeout=meta.timeout, max_tries=meta.max_attempts)
