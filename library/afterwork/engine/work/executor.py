"""Runs one claimed job: decode, call the handler within its time limit, classify how it ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from afterwork.contracts import Contract
from afterwork.engine.codec import decode_payload, encode_result, exception_text, loads
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.following import Following
from afterwork.engine.work.job_log import job_logger
from afterwork.engine.work.loop_time import Alarm, LoopTime, Stopwatch
from afterwork.engine.work.outcome import Done, Outcome, StopReason, Tries, classify
from afterwork.engine.work.parts import Parts
from afterwork.engine.work.reports import Report
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.run import Channel, Run

STOP_GRACE = 5.0
"""Seconds in which a stopped handler may clean up before the engine goes on without it."""

Perform = Callable[[Contract, Run], Awaitable[Any]]
"""A kind's function."""

CURRENT: ContextVar["Execution"] = ContextVar("afterwork_execution")
"""The attempt to which a task belongs: the handler's own, and every task that is started from it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be run for a claim: the kind's contract, its function, and what that works with.

    following: makes what is to follow it.
    """

    contract: type[Contract]
    perform: Perform
    parts: Parts = field(default_factory=Parts)
    following: Following = field(default_factory=Following)


@dataclass(frozen=True, slots=True)
class _Asked:
    """reason: why it was asked to stop. at: seconds on its stopwatch."""

    reason: StopReason
    at: float


class Execution:
    """One attempt in this process. It ends exactly once, by `on_end`, whatever the handler does.

    loop_time: what the loop's blocks are known by, so that none counts towards the time limit of others.
    is_left_behind: whether it has ended while its handler goes on, which nothing can stop. before_end: called in
    the loop when it is about to end. has_overstepped: whether it tried to cancel what is not its own.
    """

    def __init__(
        self,
        claim: Claim,
        work: Work,
        *,
        worker: str,
        backoff: Backoff,
        channel: Channel,
        on_end: "Callable[[Execution, Outcome], None]",
        loop_time: LoopTime | None = None,
    ) -> None:
        self.claim = claim
        self.stopped: StopReason | None = None
        self.has_ended = False
        self.is_left_behind = False
        self.has_overstepped = False
        self.before_end: Callable[[], None] = _nothing
        self.started_at = time.monotonic()
        self.cause: str | None = None
        self._work = work
        self._worker = worker
        self._channel = channel
        self._on_end = on_end
        self._tries = Tries(claim.attempt, claim.max_attempts, claim.timeout, backoff.delay)
        self._loop = asyncio.get_running_loop()
        self.stopwatch = Stopwatch(loop_time or LoopTime(self._loop.time))
        self._asked: _Asked | None = None
        self._abandon: Alarm | None = None
        self._limit = Alarm(self._loop, self.stopwatch, claim.timeout, lambda: self.stop(StopReason.TIMEOUT))
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._never_started)

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started_at

    @property
    def is_overdue(self) -> bool:
        """From any thread: whether its time limit, or a request to stop, is longer ago than STOP_GRACE seconds."""
        spent = self.stopwatch.spent()
        asked = self._asked
        return spent > self.claim.timeout + STOP_GRACE or (
            asked is not None and spent > asked.at + STOP_GRACE
        )

    @property
    def overdue_outcome(self) -> Outcome:
        """From any thread: how it has to end if it blocks the loop beyond all that."""
        reason = StopReason.BLOCKED if self._asked is None else self._asked.reason
        return classify(asyncio.CancelledError(), reason, self._tries)

    def finish(self, outcome: Outcome, report: Report | None = None) -> Finish:
        """From any thread: its end, to be written."""
        return Finish(self.claim, outcome, report or Report())

    def ask_to_stop(self, reason: StopReason) -> None:
        """From any thread: note that it is to be stopped, for the case that the loop is too blocked to do it."""
        if self._asked is None:
            self._asked = _Asked(reason, self.stopwatch.spent())

    def stop(self, reason: StopReason) -> None:
        """Cancel the handler; the first reason counts. It has STOP_GRACE seconds before the job ends without it."""
        if self.has_ended or self.stopped is not None:
            return
        self.stopped = reason
        self.ask_to_stop(reason)
        self._abandon = Alarm(
            self._loop, self.stopwatch, self.stopwatch.spent() + STOP_GRACE, self._leave_behind
        )
        self._cancel()

    def is_run_by(self, task: "asyncio.Task[Any]") -> bool:
        """Whether the task is the one in which its handler runs."""
        return task is self._task

    def on_return(self, callback: "Callable[[Execution], None]") -> None:
        """Call back when the handler has returned, however long after the end of the attempt that is."""
        self._task.add_done_callback(lambda _: callback(self))

    def _cancel(self) -> None:
        """In its own name, because a cancellation goes on to whatever the handler awaits."""
        token = CURRENT.set(self)
        with suppress(RecursionError):  # it waits for itself
            self._task.cancel()
        CURRENT.reset(token)

    def _leave_behind(self) -> None:
        self.is_left_behind = True
        self._end_with(asyncio.CancelledError())

    async def _run(self) -> None:
        token = CURRENT.set(self)
        try:
            job = decode_payload(self._work.contract, self.claim.payload)
            result = await self._work.perform(job, self._describe())
            self._end(self._done(encode_result(result)))
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a job end that job only
            self._end_with(error)
        finally:
            CURRENT.reset(token)  # or task and execution would keep each other in memory

    def _done(self, result: bytes) -> Done:
        claim = self.claim
        return Done(result, self._work.following.of(claim.id, result, claim.then) if claim.then else ())

    def _describe(self) -> Run:
        claim = self.claim
        return Run(
            job_id=claim.id,
            kind=claim.kind,
            attempt=claim.attempt,
            max_attempts=claim.max_attempts,
            deaths=claim.deaths,
            worker=self._worker,
            checkpointed=loads(claim.checkpoint) if claim.checkpoint else None,
            logger=job_logger(claim.id, claim.kind, self._channel.log),
            channel=self._channel,
            parts=self._work.parts,
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
        if self.has_ended:
            return
        self.before_end()
        self.has_ended = True
        self._limit.cancel()
        if self._abandon is not None:
            self._abandon.cancel()
        self._on_end(self, outcome)


@contextmanager
def waiting() -> Iterator[None]:
    """What passes meanwhile does not count towards the time limit of the job from which this is called."""
    execution = CURRENT.get(None)
    with execution.stopwatch.paused() if execution else nullcontext():
        yield


def _nothing() -> None:
    """What there is to do before the end of most attempts."""
