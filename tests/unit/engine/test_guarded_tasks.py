"""A job cannot cancel what is not its own; whatever is its own, it can."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from structlog.testing import capture_logs
from tests.unit.engine.attempts import Attempt, Echo, code_of

from afterwork.engine.work.guarded_tasks import guarded_task
from afterwork.engine.work.outcome import Cancelled, Done, Retry, StopReason
from afterwork.engine.work.run import Run

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def guarded(new_loop: NewLoop) -> asyncio.Runner:
    def factory() -> asyncio.AbstractEventLoop:
        loop = new_loop()
        loop.set_task_factory(guarded_task)  # type: ignore[arg-type]
        return loop

    return asyncio.Runner(loop_factory=factory)


async def nap(job: Echo, run: Run) -> str:
    await asyncio.sleep(0.2)
    return "well"


async def cancel_all(job: Echo, run: Run) -> None:
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(60)


async def await_all(job: Echo, run: Run) -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))


@LOOPS
def test_a_job_that_cancels_everything_ends_alone(new_loop: NewLoop) -> None:
    async def test() -> None:
        attempts = [Attempt(perform) for perform in (nap, cancel_all, nap)]
        for attempt in attempts:
            await attempt.ended.wait()

        first, culprit, last = (attempt.outcome for attempt in attempts)
        assert first == last == Done(b'"well"')
        assert code_of(culprit) == "handler-error"
        assert isinstance(culprit, Retry)

    with capture_logs() as logs, guarded(new_loop) as runner:
        runner.run(test())
    assert [entry["job_id"] for entry in logs if "not its own" in entry["event"]] == ["job"], "once"


@LOOPS
def test_the_stop_of_a_job_that_awaits_everything_stops_nothing_else(new_loop: NewLoop) -> None:
    async def test() -> None:
        waiting, neighbour = Attempt(await_all), Attempt(nap)
        await asyncio.sleep(0.05)
        waiting.execution.stop(StopReason.CANCELLED)
        await neighbour.ended.wait()
        await waiting.ended.wait()

        assert neighbour.outcome == Done(b'"well"')
        assert isinstance(waiting.outcome, Cancelled)

    with guarded(new_loop) as runner:
        runner.run(test())


@LOOPS
def test_a_job_cancels_what_it_has_started_and_itself(new_loop: NewLoop) -> None:
    async def perform(job: Echo, run: Run) -> str:
        child = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        assert child.cancel()
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            return f"in time {child.cancelled()}"
        return "too late"

    async def test() -> None:
        attempt = Attempt(perform)
        await attempt.ended.wait()
        assert attempt.outcome == Done(b'"in time True"')

    with guarded(new_loop) as runner:
        runner.run(test())
