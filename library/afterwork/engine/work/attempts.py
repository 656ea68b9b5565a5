"""The attempts under way in a worker: begins them, hears of their ends, and stops them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from arq.connections import ArqRedis

from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.executor import Execution, Work
from afterwork.engine.work.loop_time import LoopTime
from afterwork.engine.work.observer import Observer
from afterwork.engine.work.orphans import Orphans
from afterwork.engine.work.outcome import Done, Failed, Outcome, Released, Retry, StopReason
from afterwork.engine.work.pump import Pump
from afterwork.engine.work.reporting import RedisChannel
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.steps import Steps

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What attempts work with.

    work_of: what is to be run for a claim. on_stuck: called when no slot is left for good.
    """

    loop: asyncio.AbstractEventLoop
    redis: ArqRedis
    worker: str
    concurrency: int
    backoff: Backoff
    time: LoopTime
    observer: Observer
    work_of: Callable[[Claim], Work]
    on_stuck: Callable[[], None]


@dataclass(slots=True)
class Counts:
    """How many attempts ended how, since the start."""

    complete: int = 0
    failed: int = 0
    retried: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.complete += isinstance(outcome, Done)
        self.failed += isinstance(outcome, Failed)
        self.retried += isinstance(outcome, Retry)


class Attempts:
    """One worker's. Its pump claims jobs and writes their ends.

    max_starts: how many jobs it may start in all, None: as many as there are.
    running: by job id. held: job id → token of every claim whose lease is to be kept: what runs, and what has ended
    and is not written yet. Methods named `…_soon` may be called from any thread.
    """

    def __init__(self, steps: Steps, surroundings: Surroundings, max_starts: int | None = None) -> None:
        self.running: dict[str, Execution] = {}
        self.held: dict[str, str] = {}
        self.counts = Counts()
        self._is_releasing = False
        self._around = surroundings
        self._loop = surroundings.loop
        self.pump = Pump(
            steps,
            concurrency=surroundings.concurrency,
            max_starts=max_starts,
            hold=self._hold,
            start=self._start,
            on_verdict=self._judge,
        )
        self._orphans = Orphans(
            self.pump,
            surroundings.observer,
            concurrency=surroundings.concurrency,
            on_full=surroundings.on_stuck,
        )

    def cancel(self, job_id: str) -> None:
        """Somebody wants this job to be cancelled."""
        execution = self.running.get(job_id)
        if execution is not None:
            execution.stop(StopReason.CANCELLED)

    def cancel_soon(self, job_id: str) -> None:
        """The same; noted at once, in case that the loop is blocked."""
        execution = self.running.get(job_id)
        if execution is not None:
            execution.ask_to_stop(StopReason.CANCELLED)
        self._soon(self.cancel, job_id)

    def lose_soon(self, job_id: str, token: str) -> None:
        """The claim is ours no longer, or not surely so."""
        self._soon(self._lose, job_id, token)

    def release_all(self) -> None:
        """Hand back whatever still runs, and whatever steps under way may still bring."""
        self._is_releasing = True
        for execution in list(self.running.values()):
            execution.stop(StopReason.RELEASED)

    def _hold(self, claim: Claim) -> None:
        self.held[claim.id] = claim.token

    def _start(self, claim: Claim) -> None:
        around = self._around
        if claim.id in self.running:  # ours until its lease lapsed
            self.running[claim.id].stop(StopReason.LOST)
        self._hold(claim)
        self.pump.reports.open(claim.id, claim.token)
        self.running[claim.id] = execution = self._execution(claim)
        around.observer.started(claim)
        if self._is_releasing:
            execution.stop(StopReason.RELEASED)

    def _execution(self, claim: Claim) -> Execution:
        around = self._around
        return Execution(
            claim,
            around.work_of(claim),
            worker=around.worker,
            backoff=around.backoff,
            channel=RedisChannel(around.redis, self.pump.reports, claim),
            on_end=self._end,
            loop_time=around.time,
        )

    def _end(self, execution: Execution, outcome: Outcome) -> None:
        claim = execution.claim
        if self.running.get(claim.id) is execution:
            del self.running[claim.id]
        if execution.is_left_behind:
            self._orphans.add(execution)
        self.pump.finish(execution.finish(outcome, self.pump.reports.close(claim.token)))
        self._around.observer.ended(claim, outcome, execution.seconds)
        self.counts.add(outcome)
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
        self._let_go(finish.claim.id, finish.claim.token)
        if verdict == "lost" and not isinstance(finish.outcome, Released):
            self._around.observer.lost(finish.claim)
            logger.warning(
                "the lease was lost, the late end changes nothing",
                job_id=finish.claim.id,
                kind=finish.claim.kind,
            )

    def _lose(self, job_id: str, token: str) -> None:
        execution = self.running.get(job_id)
        if execution is None:
            self._let_go(job_id, token)
        elif execution.claim.token == token:
            self._around.observer.lost(execution.claim)
            logger.warning(
                "the lease was lost, stopping the attempt", job_id=job_id, kind=execution.claim.kind
            )
            execution.stop(StopReason.LOST)

    def _let_go(self, job_id: str, token: str) -> None:
        """Keep the lease no longer: the end is written, or somebody else has the job."""
        if self.held.get(job_id) == token:
            del self.held[job_id]

    def _soon(self, callback: Any, *args: str) -> None:  # noqa: ANN401 - call_soon_threadsafe's own signature
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *args)
