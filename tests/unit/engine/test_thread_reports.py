"""What a thread reports: taken together, so that the loop is asked seldom, and nothing of the last is lost."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tests.unit.engine.attempts import Attempt, Echo

from afterwork.contracts import Progress
from afterwork.engine.work.outcome import Cancelled, Done, Outcome, StopReason
from afterwork.engine.work.thread_reports import PAUSE
from afterwork.engine.work.threads import BlockingRun, Stopped, in_thread


async def attempt_ended(attempt: Attempt) -> Outcome:
    await asyncio.wait_for(attempt.ended.wait(), 10)
    return attempt.outcome


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what threads ask of it."""

    asked = 0

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: object, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        self.asked += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


def test_however_often_a_thread_reports_the_loop_hears_of_it_seldom_and_of_the_last() -> None:
    calls = 100_000

    def flood(job: Echo, run: BlockingRun) -> None:
        for number in range(1, calls + 1):
            run.channel.progress(Progress.model_construct(done=number))
            run.channel.log("info", f"line {number}")

    async def test() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        begun = time.monotonic()
        attempt = Attempt(in_thread(flood), timeout=60)
        await asyncio.wait_for(attempt.ended.wait(), 60)
        seconds = time.monotonic() - begun

        looks = seconds / PAUSE + 2
        reported = attempt.reported
        assert attempt.outcome == Done(b"null")
        assert loop.asked <= looks + 1
        assert len(reported.progresses) <= looks
        assert len(reported.lines) <= 100 * looks
        assert reported.progresses[-1].done == calls
        assert [line.text for line in reported.lines[-100:]] == [
            f"line {number}" for number in range(calls - 99, calls + 1)
        ]

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(test())


async def test_what_a_thread_that_is_left_behind_said_before_is_kept() -> None:
    # given a thread which has reported twice at once, so that the second is still to be taken
    said, go_on = threading.Event(), threading.Event()

    def handler(job: Echo, run: BlockingRun) -> None:
        with suppress(Stopped):
            for number in range(1000):
                run.progress(number)
                run.logger.info("line", number=number)
        said.set()
        assert go_on.wait(20)

    attempt = Attempt(in_thread(handler))
    assert await asyncio.to_thread(said.wait, 10)

    # when the attempt ends without it
    attempt.execution.stop(StopReason.CANCELLED)
    assert isinstance(await attempt_ended(attempt), Cancelled)
    go_on.set()

    # then
    assert attempt.execution.is_left_behind
    assert attempt.reported.progresses[-1].done == 999
    assert attempt.reported.lines[-1].text == "line number=999"
