"""Runs one claimed job that calls a plain function, by ARQ's rules: hooks, context, and what an exception means."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from arq.cron import CronJob
from arq.jobs import Deserializer, Serializer
from arq.utils import ms_to_datetime, timestamp_ms
from arq.worker import JobExecutionFailed, RetryJob
from arq.worker import Retry as RetryLater

from afterwork import errors
from afterwork.arq.envelopes import EXCUSE, Call, Run, result_envelope
from afterwork.arq.functions import Runnable, policy_of
from afterwork.arq.steps import KEEP_PLACE, Ending, PlainClaim, PlainFinish
from afterwork.contracts import Contract
from afterwork.engine.codec import exception_text, problem_json
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.executor import CURRENT, Execution, Work
from afterwork.engine.work.loop_time import Alarm, LoopTime
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, StopReason
from afterwork.engine.work.reporting import RedisChannel
from afterwork.engine.work.reports import Report
from afterwork.engine.work.retry import Backoff

logger = structlog.get_logger()

CRON_HOLD = 60.0
"""Seconds for which the lock of a cron job outlives it, so that a stock worker that is late does not run it again."""
Hook = Callable[[dict[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a worker says of all its jobs, in ARQ's terms; timeout and keep in seconds."""

    functions: Mapping[str, Runnable]
    queue: str
    ctx: Mapping[Any, Any]
    timeout: float
    max_tries: int
    keep: float
    keep_forever: bool
    retry_jobs: bool
    serializer: Serializer | None
    deserializer: Deserializer | None
    hooks: Mapping[str, Hook | None] = field(default_factory=dict)

    def timeout_of(self, function: Runnable | None) -> float:
        """Seconds that the function may take."""
        return self.timeout if function is None or function.timeout_s is None else float(function.timeout_s)

    def max_tries_of(self, function: Runnable | None) -> int:
        """How often it is started at most."""
        return self.max_tries if function is None or function.max_tries is None else function.max_tries

    def keep_of(self, function: Runnable | None) -> float | None:
        """Seconds for which its result is kept, None for ever."""
        forever = None if function is None else function.keep_result_forever
        seconds = None if function is None else function.keep_result_s
        if self.keep_forever if forever is None else forever:
            return None
        return self.keep if seconds is None else float(seconds)


async def _unused(_job: Contract, _run: object) -> None:
    """What a base class has to be given that runs nothing by it."""


_NO_WORK = Work(Contract, _unused)


class PlainExecution(Execution):
    """One attempt at a plain function. call: what it calls, read before the attempt begins.

    was_called: whether its function, and so the hooks, were.
    """

    def __init__(
        self,
        claim: PlainClaim,
        call: Call,
        rules: Rules,
        *,
        worker: str,
        channel: RedisChannel,
        on_end: Callable[[Execution, Outcome], None],
        loop_time: LoopTime,
    ) -> None:
        self.call = call
        self.function = rules.functions.get(call.function)
        self._rules = rules
        self._plain = claim
        self._started_ms = timestamp_ms()
        self._job_try = max(claim.attempt, call.job_try or 0)
        self._envelope = b""
        self._known: Outcome | None = None
        self.was_called = False
        self.ctx = {
            **rules.ctx,
            "job_id": claim.id,
            "job_try": self._job_try,
            "enqueue_time": ms_to_datetime(call.enqueued_ms),
            "score": claim.score,
        }
        super().__init__(
            claim,
            _NO_WORK,
            worker=worker,
            backoff=Backoff(),
            channel=channel,
            on_end=on_end,
            loop_time=loop_time,
        )

    @property
    def overdue_outcome(self) -> Outcome:
        """From any thread: how it has to end if it blocks the loop beyond all that."""
        reason = StopReason.BLOCKED if self._asked is None else self._asked.reason
        return self._stopped_by(reason)

    def finish(self, outcome: Outcome, report: Report | None = None) -> Finish:  # noqa: ARG002 - has none
        """From any thread: its end, to be written."""
        rules, tries = self._rules, self._job_try
        ended = not isinstance(outcome, Retry | Released)
        return PlainFinish(
            self.claim,
            outcome,
            ending=Ending(
                function=self.call.function if self.call.fault is None and self.claim.payload else "",
                tries=tries if tries != self.claim.attempt else None,
                hold=CRON_HOLD if ended and isinstance(self.function, CronJob) else 0.0,
                envelope=self._envelope if ended else b"",
                keep=rules.keep_of(self.function),
            ),
        )

    async def _run(self) -> None:
        token = CURRENT.set(self)
        try:
            refusal = self._refusal()
            if refusal is None:
                await self._perform()
            else:
                self._known = refusal
        except BaseException as error:  # noqa: BLE001 - SystemExit of a job ends that job only
            self._known = self._raised(error)
        finally:
            CURRENT.reset(token)
            self._end(self._known or Released())

    async def _perform(self) -> None:
        """The hooks around the function have its time limit each, so that none keeps a slot for ever."""
        self.was_called = True
        await self.hook("on_job_start")
        assert self.function is not None  # noqa: S101 - or it would have been refused
        try:
            self._give_time()
            result = await self.function.coroutine(self.ctx, *self.call.args, **self.call.kwargs)
            self._known = self._succeeded(result)
        except BaseException as error:  # noqa: BLE001 - as above
            self._known = self._raised(error)
        self._give_time()
        await self.hook("on_job_end")

    def _give_time(self) -> None:
        if self.stopped is None:
            self._limit.cancel()
            until = self.stopwatch.spent() + self.claim.timeout
            self._limit = Alarm(self._loop, self.stopwatch, until, lambda: self.stop(StopReason.TIMEOUT))

    async def hook(self, name: str) -> None:
        """Call one of the worker's hooks; what it raises is logged and changes nothing."""
        hook = self._rules.hooks.get(name)
        if hook is None:
            return
        try:
            await hook(self.ctx)
        except BaseException:
            if self.stopped is not None and self._known is None:
                raise
            logger.exception("a hook failed", hook=name, job_id=self.claim.id, function=self.call.function)

    def _refusal(self) -> Outcome | None:
        """Why the function is not called at all."""
        rules, call = self._rules, self.call
        if not self.claim.payload:
            return self._fail(JobExecutionFailed("job expired"), errors.Undecodable)
        if call.fault is not None:
            return self._fail(call.fault, errors.Undecodable)
        if self._plain.is_aborted:
            return self._stopped_by(StopReason.CANCELLED)
        if self.function is None:
            return self._fail(
                JobExecutionFailed(f"function {call.function!r} not found"), errors.UnknownFunction
            )
        if self._job_try > rules.max_tries_of(self.function):
            limit = rules.max_tries_of(self.function)
            return self._fail(JobExecutionFailed(f"max {limit} retries exceeded"), errors.HandlerError)
        return None

    def _succeeded(self, result: Any) -> Outcome:  # noqa: ANN401 - whatever the function returned
        if self._rules.keep_of(self.function) == 0.0:
            return Done(b"")
        if self._render(result, success=True):
            return Done(b"")
        problem = problem_json(errors.ResultNotJson, EXCUSE, attempt=self._job_try)
        return Failed(problem)

    def _raised(self, error: BaseException) -> Outcome:
        self.cause = exception_text(error) if self.stopped is None else self.stopped.name.lower()
        if self.stopped is not None:
            return self._stopped_by(self.stopped)
        if self._rules.retry_jobs:
            if isinstance(error, RetryLater):
                delay = error.defer_score / 1000 if error.defer_score else KEEP_PLACE
                return Retry(delay, self._problem(errors.HandlerError, error))
            if isinstance(error, asyncio.CancelledError | RetryJob):
                return Retry(KEEP_PLACE, self._problem(errors.HandlerError, error))
        return self._again(error, errors.HandlerError)

    def _stopped_by(self, reason: StopReason) -> Outcome:
        match reason:
            case StopReason.CANCELLED:
                self._render(asyncio.CancelledError(), success=False)
                return Cancelled(problem_json(errors.JobCancelled, attempt=self._job_try))
            case StopReason.LOST:
                return Released()
            case StopReason.RELEASED if self._rules.retry_jobs:
                return Released()
            case StopReason.RELEASED:
                return self._fail(asyncio.CancelledError(), errors.JobCancelled)
            case _:
                return self._again(TimeoutError(), errors.JobTimeout)

    def _again(self, error: BaseException, kind: type[errors.JobError]) -> Outcome:
        policy = policy_of(self.function) if self.function is not None else None
        if policy is not None and self._job_try < self._rules.max_tries_of(self.function):
            return Retry(policy.delay(self._job_try), self._problem(kind, error))
        return self._fail(error, kind)

    def _fail(self, error: BaseException, kind: type[errors.JobError]) -> Failed:
        told = error if isinstance(error, Exception | asyncio.CancelledError) else None
        shown = told or JobExecutionFailed(exception_text(error))
        self.cause = self.cause or exception_text(error)
        self._render(shown, success=False)
        return Failed(self._problem(kind, error))

    def _problem(self, kind: type[errors.JobError], error: BaseException) -> bytes:
        return problem_json(
            kind, exception_text(error), attempt=self._job_try, exception=type(error).__qualname__
        )

    def _render(self, result: Any, *, success: bool) -> bool:  # noqa: ANN401 - any value
        """Keep the envelope for the end; False if the result is not in it."""
        run = Run(self.claim.id, self._rules.queue, self._job_try, self._started_ms)
        envelope = result_envelope(self.call, run, result, success=success, serializer=self._rules.serializer)
        self._envelope = envelope.body
        return envelope.is_whole

    def _end_with(self, error: BaseException) -> None:
        self._end(self._known or self._raised(error))
