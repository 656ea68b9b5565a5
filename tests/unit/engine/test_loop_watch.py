"""The watch over the loop, in asyncio's loop and in uvloop's: whom it names, when it gives up."""

import asyncio
import time

import pytest
import uvloop
from tests.unit.engine.attempts import Echo, code_of
from tests.unit.engine.watching import LEASE, NewLoop, Rescue, Watched, run

from afterwork.engine.work.culprits import running_in, stack_of
from afterwork.engine.work.executor import STOP_GRACE
from afterwork.engine.work.loop_time import BLOCK
from afterwork.engine.work.loop_watch import EXIT_STUCK, LIVE_MARGIN, LOOK
from afterwork.engine.work.outcome import StopReason
from afterwork.engine.work.run import Run

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])


@LOOPS
@pytest.mark.parametrize("by_child", [False, True])
def test_a_block_is_named_once_and_its_end_as_well(new_loop: NewLoop, *, by_child: bool) -> None:
    watched = Watched()

    async def block() -> None:
        time.sleep(BLOCK + 0.7)  # noqa: ASYNC251 - the block

    async def perform(job: Echo, run: Run) -> None:
        await (asyncio.create_task(block()) if by_child else block())

    async def test() -> None:
        attempt = watched.start(perform)
        await attempt.ended.wait()
        await asyncio.sleep(0.6)

    begin, end = run(new_loop, watched, test)

    assert (begin["event"], begin["log_level"]) == ("the event loop is blocked", "warning")
    assert (begin["job_id"], begin["kind"]) == ("job", "test.echo")
    assert "time.sleep(BLOCK + 0.7)" in begin["stack"]
    assert BLOCK <= begin["seconds"] < BLOCK + 0.7
    assert (end["event"], end["job_id"]) == ("the event loop goes on", "job")
    assert BLOCK + 0.6 <= end["seconds"] < BLOCK + 2
    assert watched.blocks == ["test.echo"]
    assert (watched.exits, watched.rescue.kept) == ([], 1)


@LOOPS
def test_short_blocks_that_add_up_are_named_once(new_loop: NewLoop) -> None:
    watched = Watched()

    async def perform(job: Echo, run: Run) -> None:
        for _ in range(5):
            time.sleep(BLOCK - 0.4)  # noqa: ASYNC251 - the block
            await asyncio.sleep(0.01)

    async def test() -> None:
        await watched.start(perform).ended.wait()

    (entry,) = run(new_loop, watched, test)

    assert (entry["event"], entry["log_level"]) == ("blocks the event loop again and again", "warning")
    assert (entry["job_id"], entry["kind"]) == ("job", "test.echo")
    assert BLOCK < entry["seconds"] < 5 * (BLOCK - 0.4)
    assert "time.sleep(BLOCK - 0.4)" in entry["stack"]
    assert watched.blocks == []


@LOOPS
def test_a_block_by_no_job_is_named_by_what_runs(new_loop: NewLoop) -> None:
    watched = Watched()

    async def test() -> None:
        asyncio.get_running_loop().call_later(0.05, time.sleep, BLOCK + 0.5)
        await asyncio.sleep(BLOCK + 1.2)
        time.sleep(BLOCK + 0.5)  # noqa: ASYNC251 - the block
        await asyncio.sleep(0.6)

    logs = run(new_loop, watched, test)

    assert [(entry["event"], entry["task"].rpartition(".")[2]) for entry in logs] == [
        ("the event loop is blocked", "a callback"),
        ("the event loop goes on", "a callback"),
        ("the event loop is blocked", "main"),
        ("the event loop goes on", "main"),
    ]
    assert watched.blocks == ["", ""]


@LOOPS
def test_a_job_that_blocks_beyond_limit_and_grace_ends_timed_out_and_the_process_with_it(
    new_loop: NewLoop,
) -> None:
    watched = Watched()

    async def perform(job: Echo, run: Run) -> None:
        watched.block(10 + STOP_GRACE)

    async def test() -> None:
        await watched.start(perform).ended.wait()

    run(new_loop, watched, test)

    assert watched.exits[0] == EXIT_STUCK
    finish = watched.rescue.finishes[0]
    assert (finish.claim.id, code_of(finish.outcome)) == ("job", "timeout")


@pytest.mark.parametrize("seconds", [STOP_GRACE + 4, 10 + STOP_GRACE - 2])
def test_a_block_within_limit_and_grace_ends_nothing(seconds: float) -> None:
    watched = Watched()

    async def perform(job: Echo, run: Run) -> None:
        watched.block(seconds, lambda: bool(watched.blocks))
        time.sleep(0.6)  # noqa: ASYNC251 - two looks more

    async def test() -> None:
        await watched.start(perform).ended.wait()

    run(uvloop.new_event_loop, watched, test)

    assert watched.exits == []
    assert watched.rescue.tries == 0


def test_without_redis_it_tries_for_a_lease_and_ends_all_the_same() -> None:
    watched = Watched(Rescue(away=1000))

    async def perform(job: Echo, run: Run) -> None:
        watched.block(10 + STOP_GRACE)

    async def test() -> None:
        await watched.start(perform).ended.wait()

    logs = run(uvloop.new_event_loop, watched, test)

    assert watched.rescue.tries >= LEASE / LOOK - 1
    assert watched.exits[0] == EXIT_STUCK
    assert [entry["event"] for entry in logs[1:3]] == [
        "the event loop is blocked beyond the time limit, ending the process",
        "nothing can be handed over, the leases end by themselves",
    ]


def test_a_block_that_ends_while_redis_is_away_ends_nothing() -> None:
    watched = Watched(Rescue(away=1000))

    async def perform(job: Echo, run: Run) -> None:
        watched.block(10 + STOP_GRACE, lambda: watched.rescue.tries > 0)

    async def test() -> None:
        await watched.start(perform).ended.wait()
        await asyncio.sleep(LEASE + 0.6)

    run(uvloop.new_event_loop, watched, test)

    assert watched.exits == []


def test_a_request_to_cancel_bounds_a_block_as_well() -> None:
    watched = Watched()

    async def perform(job: Echo, run: Run) -> None:
        watched.running["job"].ask_to_stop(StopReason.CANCELLED)
        watched.block(STOP_GRACE)

    async def test() -> None:
        await watched.start(perform, timeout=60).ended.wait()

    run(uvloop.new_event_loop, watched, test)

    assert [code_of(finish.outcome) for finish in watched.rescue.finishes[:1]] == ["cancelled"]
    assert watched.exits[0] == EXIT_STUCK


@pytest.mark.parametrize("is_beyond", [True, False])
def test_a_block_by_no_job_ends_the_process_when_no_job_could_take_as_long(*, is_beyond: bool) -> None:
    watched = Watched()

    async def perform(job: Echo, run: Run) -> None:
        await asyncio.sleep(60)

    async def test() -> None:
        watched.start(perform, timeout=30)
        assert watched.watch.is_live
        watched.block(30 + LIVE_MARGIN + (1 if is_beyond else -1), lambda: bool(watched.blocks))
        time.sleep(0.6)  # noqa: ASYNC251 - two looks more
        assert watched.watch.is_live is not is_beyond

    run(uvloop.new_event_loop, watched, test)

    assert bool(watched.exits) is is_beyond
    assert watched.rescue.finishes == []


async def test_outside_of_attempts_nobody_is_the_culprit() -> None:
    culprit = running_in(asyncio.get_running_loop())

    assert culprit.execution is None
    assert culprit.task.endswith("test_outside_of_attempts_nobody_is_the_culprit")


def test_a_thread_that_is_not_there_has_no_stack() -> None:
    assert stack_of(-1) == ""


def test_a_process_that_was_held_up_as_a_whole_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a process that is frozen while its watch waits for the next look
    watched, looks = Watched(), []
    wait = watched.watch._stopping.wait  # noqa: SLF001 - the moment at which it is frozen decides

    def frozen_once(timeout: float) -> bool:
        is_over = wait(timeout)
        looks.append(1)
        if len(looks) == 2:
            watched.skipped += 3 * LIVE_MARGIN
            watched.held_up += 3 * LIVE_MARGIN
        return is_over

    monkeypatch.setattr(watched.watch._stopping, "wait", frozen_once)  # noqa: SLF001

    async def test() -> None:
        # when it goes on, and the watch looks before the loop does
        while len(looks) < 2:
            time.sleep(0.01)  # noqa: ASYNC251 - the loop comes later
        seen = len(looks)
        while len(looks) < seen + 3:
            time.sleep(0.01)  # noqa: ASYNC251 - as before
        assert watched.watch.is_live

    run(uvloop.new_event_loop, watched, test)

    # then nobody has ended it
    assert watched.exits == []
