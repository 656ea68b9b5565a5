"""A block of the loop counts for the one who made it, and for nobody else; in asyncio's loop and in uvloop's."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
import uvloop
from tests.unit.engine.attempts import Attempt, Echo, code_of

from afterwork.engine.work.loop_time import BEAT, BLOCK, Alarm, LoopTime, Stopwatch
from afterwork.engine.work.outcome import Done, Retry
from afterwork.engine.work.run import Run

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
NewLoop = Callable[[], asyncio.AbstractEventLoop]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def loop_time(clock: Clock) -> LoopTime:
    """As it is in a loop that beats; the test settles it by hand."""
    loop_time = LoopTime(clock)
    loop_time.begin(asyncio.get_running_loop())
    return loop_time


async def test_a_block_is_counted_for_its_culprit_alone(loop_time: LoopTime, clock: Clock) -> None:
    culprit, neighbour = Stopwatch(loop_time), Stopwatch(loop_time)
    clock.now += BEAT
    loop_time.settle()

    loop_time.note(culprit)
    clock.now += 5
    loop_time.settle()
    clock.now += BEAT
    loop_time.settle()

    assert (culprit.spent(), neighbour.spent()) == (5 + 2 * BEAT, 2 * BEAT)
    assert loop_time.last_block == 5


async def test_a_block_that_goes_on_is_not_counted_either(loop_time: LoopTime, clock: Clock) -> None:
    culprit, neighbour = Stopwatch(loop_time), Stopwatch(loop_time)

    loop_time.note(culprit)
    clock.now += 5

    assert (culprit.spent(), neighbour.spent()) == (5, 0)


async def test_a_block_of_many_is_shared(loop_time: LoopTime, clock: Clock) -> None:
    one, two, neighbour = (Stopwatch(loop_time) for _ in range(3))

    for running, seconds in ((one, 1.0), (None, 2.0), (two, 3.0), (one, 4.0)):
        clock.now += seconds
        loop_time.note(running)
    loop_time.settle()

    assert (one.spent(), two.spent(), neighbour.spent()) == (5, 3, 0)


async def test_a_silence_that_is_no_block_is_time_like_any_other(loop_time: LoopTime, clock: Clock) -> None:
    waiting = Stopwatch(loop_time)

    for _ in range(10):
        loop_time.note(None)
        clock.now += BEAT + 0.05
        loop_time.settle()

    assert waiting.spent() == pytest.approx(10 * (BEAT + 0.05))
    assert loop_time.last_block == 0


async def test_short_blocks_are_counted_for_their_culprit_alone_but_are_no_block(
    loop_time: LoopTime, clock: Clock
) -> None:
    culprit, neighbour = Stopwatch(loop_time), Stopwatch(loop_time)

    for seconds in (0.5, 0.75, 1.0, 4.0):
        loop_time.note(culprit)
        clock.now += seconds
        loop_time.settle()
    loop_time.note(culprit)
    clock.now += 0.5

    assert (culprit.spent(), neighbour.spent()) == (6.75, 0)
    assert culprit.own_short_blocks == 2.25
    assert loop_time.last_block == 4


async def test_what_was_before_an_attempt_does_not_matter_to_it(loop_time: LoopTime, clock: Clock) -> None:
    clock.now += 60
    loop_time.settle()

    late = Stopwatch(loop_time)
    clock.now += BEAT

    assert late.spent() == BEAT


async def test_without_beats_nothing_counts_as_a_block(clock: Clock) -> None:
    alone = Stopwatch(LoopTime(clock))

    clock.now += 60

    assert alone.spent() == 60


@LOOPS
def test_an_alarm_that_comes_due_in_a_block_of_others_rings_later(new_loop: NewLoop) -> None:
    async def test() -> None:
        # given an alarm, and a block that goes on beyond it
        loop = asyncio.get_running_loop()
        loop_time = LoopTime()
        loop_time.begin(loop)
        stopwatch = Stopwatch(loop_time)
        begun = time.monotonic()
        rung: asyncio.Future[float] = loop.create_future()
        Alarm(loop, stopwatch, 0.5, lambda: rung.set_result(time.monotonic() - begun))
        await asyncio.sleep(0)

        # when
        time.sleep(BLOCK + 0.2)  # noqa: ASYNC251 - the block

        # then what it had left comes after the block, less the beat that the block may have begun with
        seconds = await asyncio.wait_for(rung, 5)
        assert BLOCK + 0.2 + 0.5 - BEAT - 0.1 <= seconds < BLOCK + 0.2 + 0.5 + BEAT + 0.5
        loop_time.end()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())


@LOOPS
def test_a_time_limit_spares_the_neighbours_of_a_block(new_loop: NewLoop) -> None:
    async def test() -> None:
        # given three attempts of one second each: one that blocks for longer, and two that need less
        loop_time = LoopTime()
        loop_time.begin(asyncio.get_running_loop())

        async def block(job: Echo, run: Run) -> str:
            me = asyncio.current_task()
            assert me is not None
            await asyncio.sleep(0.05)
            looked = threading.Timer(0.3, lambda: loop_time.note(culprit.execution.stopwatch))
            looked.start()
            time.sleep(BLOCK + 0.5)  # noqa: ASYNC251 - the block
            await asyncio.sleep(30)
            return "never"

        async def nap(job: Echo, run: Run) -> str:
            await asyncio.sleep(0.1)
            await asyncio.sleep(0.4)
            return "well"

        culprit = Attempt(block, timeout=1.0, loop_time=loop_time)
        neighbours = [Attempt(nap, timeout=1.0, loop_time=loop_time) for _ in range(2)]
        for attempt in (culprit, *neighbours):
            await asyncio.wait_for(attempt.ended.wait(), 5)

        # then
        assert [neighbour.outcome for neighbour in neighbours] == [Done(b'"well"')] * 2
        assert isinstance(culprit.outcome, Retry)
        assert code_of(culprit.outcome) == "timeout"
        loop_time.end()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())


def test_while_an_attempt_waits_for_its_turn_its_stopwatch_stands_still(clock: Clock) -> None:
    waiting = Stopwatch(LoopTime(clock))
    shown = []

    clock.now += 1
    with waiting.paused():
        clock.now += 10
        with waiting.paused():
            shown.append((waiting.spent(), waiting.is_paused))
            clock.now += 10
        clock.now += 10
        shown.append((waiting.spent(), waiting.is_paused))
    clock.now += 1

    assert shown == [(1, True), (1, True)]
    assert (waiting.spent(), waiting.is_paused) == (2, False)


async def test_a_block_while_it_waits_is_not_counted_twice(loop_time: LoopTime, clock: Clock) -> None:
    waiting, culprit = Stopwatch(loop_time), Stopwatch(loop_time)

    with waiting.paused():
        loop_time.note(culprit)
        clock.now += 5
        loop_time.settle()
    loop_time.note(None)
    clock.now += BEAT
    loop_time.settle()

    assert waiting.spent() == BEAT


@LOOPS
def test_an_alarm_waits_for_a_stopwatch_that_stands_still(new_loop: NewLoop) -> None:
    loop = new_loop()

    async def ring_after_a_pause() -> float:
        stopwatch = Stopwatch(LoopTime())
        rung: asyncio.Future[float] = loop.create_future()
        begun = time.monotonic()
        Alarm(loop, stopwatch, 0.1, lambda: rung.set_result(time.monotonic() - begun))
        with stopwatch.paused():
            await asyncio.sleep(0.5)
        return await rung

    try:
        assert loop.run_until_complete(ring_after_a_pause()) > 0.55
    finally:
        loop.close()
