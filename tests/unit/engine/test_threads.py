"""A plain handler in its thread: what it is told, how it ends, and what a stop means to it."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from typing import NoReturn

import pytest
import uvloop
from tests.unit.engine.attempts import Attempt, Echo, code_of

from afterwork.engine.work.outcome import (
    Cancelled,
    Done,
    Fail,
    Failed,
    Outcome,
    Retry,
    Snooze,
    Snoozed,
    StopReason,
)
from afterwork.engine.work.threads import BlockingRun, Stopped, in_thread

Plain = Callable[[Echo, BlockingRun], object]
WORD: contextvars.ContextVar[str] = contextvars.ContextVar("word")
LOOK = 0.005


async def ended(attempt: Attempt) -> Outcome:
    await asyncio.wait_for(attempt.ended.wait(), 10)
    return attempt.outcome


async def outcome_of(handler: Plain, *, attempt: int = 1) -> Outcome:
    return await ended(Attempt(in_thread(handler), attempt=attempt))


def raising(error: BaseException) -> Plain:
    def handler(job: Echo, run: BlockingRun) -> NoReturn:
        raise error

    return handler


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_it_runs_beside_the_loop_and_is_told_what_a_coroutine_is_told(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def test() -> None:
        seen: list[BlockingRun] = []
        go_on = threading.Event()

        def handler(job: Echo, run: BlockingRun) -> object:
            seen.append(run)
            assert go_on.wait(10)
            return [job.text, threading.current_thread().name, WORD.get()]

        WORD.set("inherited")
        attempt = Attempt(in_thread(handler))
        while not seen:
            await asyncio.sleep(LOOK)
        go_on.set()

        assert await ended(attempt) == Done(b'["hi","test.echo job","inherited"]')
        (run,) = seen
        assert (run.job_id, run.kind, run.attempt, run.max_attempts, run.deaths, run.worker) == (
            "job",
            "test.echo",
            1,
            3,
            2,
            "w",
        )
        assert not run.stopped

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())


async def test_what_it_reports_arrives_in_order() -> None:
    def handler(job: Echo, run: BlockingRun) -> None:
        run.progress(1, 3, "one")
        run.logger.warning("half", way=True)
        run.checkpoint({"row": 1})
        run.checkpoint([2])
        run.progress(3, 3)

    attempt = Attempt(in_thread(handler))
    assert await ended(attempt) == Done(b"null")

    reported = attempt.reported
    assert [(one.done, one.total, one.note) for one in reported.progresses] == [(1, 3, "one"), (3, 3, None)]
    assert [(line.level, line.text) for line in reported.lines] == [("warning", "half way=True")]
    assert reported.checkpoints == [{"row": 1}, [2]]


async def test_a_wrong_report_is_the_handlers_own_error() -> None:
    def handler(job: Echo, run: BlockingRun) -> None:
        with pytest.raises(ValueError, match="done"):
            run.progress(-1)
        run.checkpoint("x" * 70_000)

    assert code_of(await outcome_of(handler)) == "checkpoint-too-large"


class Odd(BaseException):
    """Not an Exception."""


@pytest.mark.parametrize(
    "error",
    [ValueError("wrong"), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration(), Odd()],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_it_raises_ends_this_attempt_only(error: BaseException) -> None:
    outcome = await outcome_of(raising(error))
    last = await outcome_of(raising(error), attempt=3)

    assert isinstance(outcome, Retry)
    assert isinstance(last, Failed)
    assert code_of(outcome) == code_of(last) == "handler-error"


async def test_fail_and_snooze_are_what_they_say() -> None:
    assert code_of(await outcome_of(raising(Fail("no")))) == "handler-failed"
    assert await outcome_of(raising(Snooze(5))) == Snoozed(5)


async def test_a_plain_function_that_returns_a_coroutine_is_told_to_say_async() -> None:
    async def late() -> None:
        """Is never awaited, and must not be warned about."""

    def returns_late(job: Echo, run: BlockingRun) -> object:
        return late()

    outcome = await outcome_of(returns_late)

    assert isinstance(outcome, Retry)
    assert b"declare it with async def" in outcome.problem


def waiting_for_stop(begun: threading.Event, then: Callable[[BlockingRun], object]) -> Plain:
    """Waits until it is stopped, by asking for it, and goes on with `then`."""

    def handler(job: Echo, run: BlockingRun) -> object:
        begun.set()
        end = time.monotonic() + 10
        while not run.stopped and time.monotonic() < end:
            time.sleep(LOOK)
        return then(run)

    return handler


async def stopped_outcome(then: Callable[[BlockingRun], object], reason: StopReason) -> Outcome:
    begun = threading.Event()
    attempt = Attempt(in_thread(waiting_for_stop(begun, then)))
    while not begun.is_set():
        await asyncio.sleep(LOOK)
    attempt.execution.stop(reason)
    return await ended(attempt)


@pytest.mark.parametrize("report", [lambda run: run.progress(1), lambda run: run.checkpoint(1)])
@pytest.mark.parametrize(("reason", "kind"), [(StopReason.CANCELLED, Cancelled), (StopReason.TIMEOUT, Retry)])
async def test_what_it_reports_with_stops_it(
    report: Callable[[BlockingRun], None], reason: StopReason, kind: type[Outcome]
) -> None:
    raised: list[BaseException] = []

    def then(run: BlockingRun) -> None:
        try:
            report(run)
        except BaseException as error:
            raised.append(error)
            raise

    assert isinstance(await stopped_outcome(then, reason), kind)
    assert isinstance(raised[0], Stopped)
    assert not isinstance(raised[0], Exception)


async def test_a_checkpoint_that_waits_for_redis_is_given_up_at_the_stop() -> None:
    class Away:
        """Redis is away."""

        def progress(self, progress: object) -> None:
            """Keep nothing."""

        def log(self, level: str, text: str) -> None:
            """Keep nothing."""

        async def checkpoint(self, value: object) -> None:
            asked.set()
            await asyncio.Event().wait()

    def checkpoint(job: Echo, run: BlockingRun) -> None:
        run.checkpoint(1)

    asked = threading.Event()

    attempt = Attempt(in_thread(checkpoint), channel=Away())
    assert await asyncio.to_thread(asked.wait, 10)
    attempt.execution.stop(StopReason.CANCELLED)

    assert isinstance(await ended(attempt), Cancelled)
    assert not attempt.execution.is_left_behind


async def test_a_result_within_the_grace_counts() -> None:
    assert await stopped_outcome(lambda _: "in time", StopReason.TIMEOUT) == Done(b'"in time"')


async def test_what_is_logged_after_the_end_of_the_attempt_is_not_kept() -> None:
    # given an attempt that has ended without its thread
    begun, go_on, logged = threading.Event(), threading.Event(), threading.Event()

    def handler(job: Echo, run: BlockingRun) -> None:
        begun.set()
        assert go_on.wait(20)
        run.logger.warning("too late")
        logged.set()

    attempt = Attempt(in_thread(handler))
    assert await asyncio.to_thread(begun.wait, 10)
    attempt.execution.stop(StopReason.CANCELLED)
    assert isinstance(await ended(attempt), Cancelled)
    assert attempt.execution.is_left_behind
    returned = asyncio.Event()
    attempt.execution.on_return(lambda _: returned.set())

    # when
    go_on.set()
    await asyncio.wait_for(returned.wait(), 10)

    # then
    assert logged.is_set()
    assert attempt.reported.lines == []
