"""An attempt that is stopped: by its time limit, a cancel, a drain or a lost lease, however it takes it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import pytest
from tests.unit.engine.attempts import Attempt, Echo, code_of
from tests.unit.engine.time_travel import TimeTravel

from afterwork.engine.work.executor import STOP_GRACE
from afterwork.engine.work.outcome import Cancelled, Done, Fail, Failed, Outcome, Released, Retry, StopReason
from afterwork.engine.work.run import Run


def in_time_travel(test: Callable[[TimeTravel], Coroutine[Any, Any, None]]) -> None:
    """Run a test in a loop whose clock it moves."""
    with asyncio.Runner(loop_factory=TimeTravel) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, TimeTravel)
        runner.run(test(loop))


async def forever(job: Echo, run: Run) -> NoReturn:
    while True:
        await asyncio.sleep(3600)


async def give(job: Echo, run: Run) -> int:
    return 1


def test_an_attempt_beyond_its_time_limit_is_stopped_and_retried() -> None:
    async def test(loop: TimeTravel) -> None:
        first, last = Attempt(forever), Attempt(forever, attempt=3)
        await loop.pass_by(9.9)
        assert first.outcomes == []

        await loop.pass_by(0.2)

        assert isinstance(first.outcome, Retry)
        assert isinstance(last.outcome, Failed)
        assert code_of(first.outcome) == code_of(last.outcome) == "timeout"

    in_time_travel(test)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (StopReason.CANCELLED, Cancelled),
        (StopReason.RELEASED, Released),
        (StopReason.LOST, Released),
        (StopReason.TIMEOUT, Retry),
    ],
)
@pytest.mark.parametrize("has_begun", [True, False])
async def test_why_it_was_stopped_decides_how_it_ends(
    reason: StopReason, kind: type[Outcome], *, has_begun: bool
) -> None:
    # given an attempt, running or not yet begun
    running = Attempt(forever)
    if has_begun:
        await asyncio.sleep(0)

    # when it is stopped, and once more for another reason
    running.execution.stop(reason)
    running.execution.stop(StopReason.LOST)
    await running.ended.wait()

    # then the first reason counts
    assert isinstance(running.outcome, kind)


async def test_a_handler_may_clean_up_when_it_is_stopped() -> None:
    cleaned = []

    async def perform(job: Echo, run: Run) -> None:
        try:
            await forever(job, run)
        finally:
            await asyncio.sleep(0)
            cleaned.append(run.job_id)

    running = Attempt(perform)
    await asyncio.sleep(0)
    running.execution.stop(StopReason.CANCELLED)
    await running.ended.wait()

    assert cleaned == ["job"]
    assert not running.execution.is_left_behind
    assert isinstance(running.outcome, Cancelled)


async def test_a_handler_that_still_returns_a_result_has_succeeded() -> None:
    async def perform(job: Echo, run: Run) -> str:
        try:
            await forever(job, run)
        except asyncio.CancelledError:
            return "done nevertheless"

    running = Attempt(perform)
    await asyncio.sleep(0)
    running.execution.stop(StopReason.CANCELLED)
    await running.ended.wait()

    assert running.outcome == Done(b'"done nevertheless"')


async def test_an_exception_during_the_clean_up_does_not_change_why_it_was_stopped() -> None:
    async def perform(job: Echo, run: Run) -> None:
        try:
            await forever(job, run)
        finally:
            raise Fail("while cleaning up")

    running = Attempt(perform)
    await asyncio.sleep(0)
    running.execution.stop(StopReason.RELEASED)
    await running.ended.wait()

    assert isinstance(running.outcome, Released)


@pytest.mark.parametrize(("reason", "kind"), [(StopReason.TIMEOUT, Retry), (StopReason.CANCELLED, Cancelled)])
def test_a_handler_that_swallows_its_cancellation_is_left_behind_after_the_grace(
    reason: StopReason, kind: type[Outcome]
) -> None:
    async def test(loop: TimeTravel) -> None:
        # given a handler that goes on when it is stopped, and returns later
        released = asyncio.Event()

        async def stubborn(job: Echo, run: Run) -> str:
            while not released.is_set():
                try:
                    await released.wait()
                except asyncio.CancelledError:
                    continue
            return "too late"

        running = Attempt(stubborn)
        await loop.pass_by(0)
        running.execution.stop(reason)
        await loop.pass_by(STOP_GRACE - 0.1)
        assert running.outcomes == []

        # when the grace is over
        await loop.pass_by(0.2)

        # then the attempt has ended without it, and its late result changes nothing
        assert isinstance(running.outcome, kind)
        assert running.execution.is_left_behind
        released.set()
        await loop.pass_by(60)
        assert isinstance(running.outcome, kind)

    in_time_travel(test)


def test_an_attempt_that_has_ended_is_not_stopped_by_its_time_limit() -> None:
    async def test(loop: TimeTravel) -> None:
        running = Attempt(give)
        await running.ended.wait()
        running.execution.stop(StopReason.CANCELLED)
        await loop.pass_by(60)

        assert running.outcome == Done(b"1")
        assert running.execution.stopped is None

    in_time_travel(test)
