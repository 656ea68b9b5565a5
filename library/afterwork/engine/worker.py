"""The worker: an ARQ worker whose functions are our kinds, and whose loop is our pump."""

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from arq import worker as arq_worker
from arq.worker import Function, func

from afterwork.contracts import Contract
from afterwork.engine import connection
from afterwork.engine.claims import Claim, Finish
from afterwork.engine.client import JobClient
from afterwork.engine.codec import dumps, loads
from afterwork.engine.duties import Duties
from afterwork.engine.executor import Execution, Work
from afterwork.engine.keeper import Keeper
from afterwork.engine.observer import Observer
from afterwork.engine.outcome import Failed, Outcome, Released, Retry, StopReason
from afterwork.engine.pump import Pump
from afterwork.engine.retry import Backoff
from afterwork.engine.router import JobRouter
from afterwork.engine.run import Run
from afterwork.engine.steps import Steps
from afterwork.engine.tasks import end
from afterwork.engine.wakeups import await_control, await_tokens

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """concurrency: jobs at a time. lease and grace in seconds; grace: how long running jobs may go on after a drain."""

    url: str
    concurrency: int = 100
    lease: float = 15.0
    grace: float = 25.0
    backoff: Backoff = field(default_factory=Backoff)


class Worker(arq_worker.Worker):
    """Works one queue until it is drained. `run_service` is how a service starts one.

    Build it inside the running loop. `async_run()` ends when a drain is over, `drain()` begins one.
    """

    def __init__(self, router: JobRouter, options: WorkerOptions, observer: Observer | None = None) -> None:
        super().__init__(
            functions=[arq_function(contract, router) for contract in router.kinds.values()],
            queue_name=router.queue,
            redis_pool=connection.connect(options.url),
            handle_signals=False,
            max_jobs=options.concurrency,
            job_serializer=dumps,
            job_deserializer=loads,
        )
        self.name = f"{router.queue}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        self._router = router
        self._options = options
        self._observer = observer or Observer()
        self._executions: dict[str, Execution] = {}
        self._held: dict[str, str] = {}
        steps = Steps(
            self.pool, worker=self.name, queue=router.queue, lease=options.lease, kinds=router.kinds
        )
        self._pump = Pump(steps, concurrency=options.concurrency, start=self._start, on_verdict=self._judge)
        self._keeper = Keeper(
            options.url,
            lease=options.lease,
            held=self._held.copy,
            on_lost=lambda job_id, token: self._soon(self._lose, job_id, token),
            on_cancel=lambda job_id: self._soon(self._cancel, job_id),
        )

    @property
    def running(self) -> Mapping[str, Execution]:
        """The attempts under way, by job id."""
        return self._executions

    async def main(self) -> None:
        """Replaces ARQ's polling loop: the pump, the keeper, the wake-ups and the shared duties."""
        background = [
            asyncio.create_task(await_tokens(self.pool, self._router.queue, self._pump)),
            asyncio.create_task(await_control(self.pool, self.name, self._cancel)),
        ]
        self._keeper.start()
        try:
            async with Duties(JobClient(self.pool), lease=self._options.lease):
                await self._pump.run()
        finally:
            self._keeper.stop()
            await end(background)

    def drain(self) -> None:
        """Claim nothing any more; running jobs have the grace period, then they are handed back."""
        self._pump.drain()
        self.loop.call_later(self._options.grace, self._release_rest)
        logger.info("draining", running=len(self._executions), grace=self._options.grace)

    def release_now(self) -> int:
        """From any thread: hand back what is held, because the process must end; returns how many went back."""
        return self._keeper.release_all()

    async def close(self) -> None:
        """Close the connections."""
        await connection.close(self.pool)

    def _start(self, claim: Claim) -> None:
        function = self.functions[claim.kind]
        work = Work(self._router.kinds[claim.kind], lambda job, run: function.coroutine({"run": run}, job))
        if claim.id in self._executions:  # ours until its lease lapsed
            self._executions[claim.id].stop(StopReason.LOST)
        self._held[claim.id] = claim.token
        self._executions[claim.id] = Execution(
            claim, work, worker=self.name, backoff=self._options.backoff, on_end=self._end
        )
        self._observer.started(claim)

    def _end(self, execution: Execution, outcome: Outcome) -> None:
        claim = execution.claim
        if self._executions.get(claim.id) is execution:
            del self._executions[claim.id]
            self._held.pop(claim.id, None)
        self._pump.finish(Finish(claim, outcome))
        self._observer.ended(claim, outcome, execution.seconds)
        log = logger.warning if isinstance(outcome, Retry | Failed) else logger.info
        log(
            "attempt ended",
            job_id=claim.id,
            kind=claim.kind,
            attempt=claim.attempt,
            outcome=type(outcome).__name__.lower(),
            seconds=round(execution.seconds, 3),
            **({"error": execution.cause} if execution.cause else {}),
        )

    def _judge(self, finish: Finish, verdict: str) -> None:
        if verdict == "lost" and not isinstance(finish.outcome, Released):
            self._observer.lost(finish.claim)
            logger.warning(
                "the lease was lost, the late end changes nothing",
                job_id=finish.claim.id,
                kind=finish.claim.kind,
            )

    def _lose(self, job_id: str, token: str) -> None:
        execution = self._executions.get(job_id)
        if execution is not None and execution.claim.token == token:
            self._observer.lost(execution.claim)
            logger.warning(
                "the lease was lost, stopping the attempt", job_id=job_id, kind=execution.claim.kind
            )
            execution.stop(StopReason.LOST)

    def _cancel(self, job_id: str) -> None:
        execution = self._executions.get(job_id)
        if execution is not None:
            execution.stop(StopReason.CANCELLED)

    def _release_rest(self) -> None:
        for execution in list(self._executions.values()):
            execution.stop(StopReason.RELEASED)

    def _soon(self, callback: Any, *args: str) -> None:  # noqa: ANN401 - call_soon_threadsafe's own signature
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(callback, *args)


def arq_function(contract: type[Contract], router: JobRouter) -> Function:
    """A kind as an ARQ function: called with ARQ's context, in which the run stands, and the payload."""
    handler = router.handler(contract.meta.kind)

    async def perform(ctx: dict[Any, Any], job: Contract) -> Any:  # noqa: ANN401 - the handler's result
        run: Run = ctx["run"]
        return await handler(job, run)

    meta = contract.meta
    return func(perform, name=meta.kind, timeout=meta.timeout, max_tries=meta.max_attempts)
