"""Runs one claimed job: decode, call the handler within its time limit, classify how it ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from afterwork.contracts import Contract
from afterwork.engine.claims import Claim
from afterwork.engine.codec import decode_payload, encode_result, exception_text
from afterwork.engine.outcome import Done, Outcome, StopReason, Tries, classify
from afterwork.engine.retry import Backoff
from afterwork.engine.run import Run

STOP_GRACE = 5.0
"""Seconds in which a stopped handler may clean up before the engine goes on without it."""

Perform = Callable[[Contract, Run], Awaitable[Any]]
"""A kind's function."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be run for a claim: the kind's contract and its function."""

    contract: type[Contract]
    perform: Perform


class Execution:
    """One attempt in this process. It ends exactly once, by `on_end`, whatever the handler does."""

    def __init__(
        self,
        claim: Claim,
        work: Work,
        *,
        worker: str,
        backoff: Backoff,
        on_end: "Callable[[Execution, Outcome], None]",
    ) -> None:
        self.claim = claim
        self.stopped: StopReason | None = None
        self.started_at = time.monotonic()
        self.cause: str | None = None
        self._work = work
        self._worker = worker
        self._on_end = on_end
        self._tries = Tries(claim.attempt, claim.max_attempts, claim.timeout, backoff.delay)
        self._loop = asyncio.get_running_loop()
        self._has_ended = False
        self._abandon: asyncio.TimerHandle | None = None
        self._limit = self._loop.call_later(claim.timeout, self.stop, StopReason.TIMEOUT)
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._never_started)

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started_at

    def stop(self, reason: StopReason) -> None:
        """Cancel the handler; the first reason counts. It has STOP_GRACE seconds before the job ends without it."""
        if self._has_ended or self.stopped is not None:
            return
        self.stopped = reason
        self._task.cancel()
        self._abandon = self._loop.call_later(STOP_GRACE, self._end_with, asyncio.CancelledError())

    async def _run(self) -> None:
        try:
            job = decode_payload(self._work.contract, self.claim.payload)
            result = await self._work.perform(job, self._describe())
            self._end(Done(encode_result(result)))
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a job end that job only
            self._end_with(error)

    def _describe(self) -> Run:
        claim = self.claim
        logger = structlog.get_logger().bind(job_id=claim.id, kind=claim.kind)
        return Run(
            job_id=claim.id,
            kind=claim.kind,
            attempt=claim.attempt,
            max_attempts=claim.max_attempts,
            deaths=claim.deaths,
            worker=self._worker,
            logger=logger,
        )

    def _never_started(self, task: "asyncio.Task[None]") -> None:
        """A task that is cancelled before its first step never reaches its own except clause."""
        if task.cancelled():
            self._end_with(asyncio.CancelledError())

    def _end_with(self, error: BaseException) -> None:
        self.cause = exception_text(error) if self.stopped is None else self.stopped.name.lower()
        try:
            outcome = classify(error, self.stopped, self._tries)
        except Exception as broken:  # noqa: BLE001 - an exception that lacks its own parts, such as half a Snooze
            outcome = classify(broken, self.stopped, self._tries)
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._limit.cancel()
        if self._abandon is not None:
            self._abandon.cancel()
        self._on_end(self, outcome)
