"""Pump: when a worker steps, with what, and when it ends."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.unit.engine.time_travel import TimeTravel

from afterwork.contracts import JobOptions
from afterwork.engine import keys
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.following import Follower
from afterwork.engine.work.outcome import Done
from afterwork.engine.work.pump import POLL, Pump, take_batch
from afterwork.engine.work.steps import Ask, Reply


def claim(number: int, *, is_suspect: bool = False) -> Claim:
    return Claim(
        id=str(number),
        kind="alpha.run",
        token=f"w:{number}",
        attempt=1,
        max_attempts=3,
        timeout=1.0,
        created_ms=0,
        deaths=0,
        is_suspect=is_suspect,
        payload=b"",
    )


class Server:
    """Stands for Redis behind `Steps`: hands out what waits, and remembers what it was asked."""

    def __init__(self, *waiting: Claim, next_due: float | None = None) -> None:
        self.waiting = list(waiting)
        self.next_due = next_due
        self.asks: list[Ask] = []
        self.unanswered: dict[int, Ask] = {}
        self.answers = asyncio.Event()
        self.answers.set()

    def begin(self, ask: Ask) -> int:
        """As `Steps.begin`."""
        self.asks.append(ask)
        self.unanswered[len(self.asks)] = ask
        return len(self.asks)

    async def answer(self, sequence: int, *, is_over: Callable[[], bool]) -> Reply:
        """As `Steps.answer`."""
        await self.answers.wait()
        ask = self.unanswered.pop(sequence)
        claims, self.waiting = self.waiting[: ask.slots], self.waiting[ask.slots :]
        return Reply(["ok"] * len(ask.finishes), claims, 0.0 if self.waiting else self.next_due)


class Station:
    """A pump and the jobs that it has started."""

    def __init__(self, server: Server, concurrency: int = 10) -> None:
        self.server = server
        self.held: list[Claim] = []
        self.started: list[Claim] = []
        self.verdicts: list[tuple[str, str]] = []
        self.pump = Pump(
            server,  # type: ignore[arg-type]
            concurrency=concurrency,
            hold=self.held.append,
            start=self.started.append,
            on_verdict=lambda finish, verdict: self.verdicts.append((finish.claim.id, verdict)),
        )

    def finish(self, size: int = 1) -> None:
        """End the oldest job that runs."""
        self.pump.finish(Finish(self.started.pop(0), Done(b"x" * size)))


def run(
    server: Server, script: Callable[[Station, TimeTravel], Coroutine[Any, Any, None]], concurrency: int = 10
) -> Station:
    """Run a pump beside a script that ends by draining it."""

    async def both(loop: TimeTravel) -> Station:
        station = Station(server, concurrency)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(station.pump.run())
            await loop.pass_by(0)
            await script(station, loop)
            station.pump.drain()
            while not running.done():
                await loop.pass_by(0)
                while station.started:
                    station.finish()
        return station

    with asyncio.Runner(loop_factory=TimeTravel) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, TimeTravel)
        return runner.run(both(loop))


def test_a_worker_claims_as_many_as_it_has_slots_and_no_more_than_one_call_holds() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        await loop.pass_by(0)
        assert len(station.started) == 70

    station = run(Server(*map(claim, range(100))), script, concurrency=70)

    assert [ask.slots for ask in station.server.asks][:2] == [35, 35]


def test_a_full_worker_does_not_ask_until_a_job_ends() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        asked = len(station.server.asks)
        await loop.pass_by(60)
        assert len(station.server.asks) == asked
        station.finish()
        await loop.pass_by(0)
        assert [len(ask.finishes) for ask in station.server.asks[asked:]] == [1]
        assert station.server.asks[-1].slots == 1

    run(Server(*map(claim, range(9))), script, concurrency=2)


@pytest.mark.parametrize(("next_due", "pause"), [(None, POLL), (0.2, 0.2), (3600.0, POLL)])
def test_an_idle_worker_looks_again_when_something_is_due_or_after_a_second(
    next_due: float | None, pause: float
) -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        assert len(station.server.asks) == 1
        await loop.pass_by(pause - 0.05)
        assert len(station.server.asks) == 1
        await loop.pass_by(0.1)
        assert len(station.server.asks) == 2

    run(Server(next_due=next_due), script)


def test_a_wake_up_makes_an_idle_worker_look_at_once() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        assert station.pump.hungry.is_set()
        station.server.waiting.append(claim(1))
        station.pump.look()
        await loop.pass_by(0)
        assert [started.id for started in station.started] == ["1"]

    run(Server(), script)


def test_a_worker_that_runs_a_suspect_says_so_until_it_has_ended() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        station.pump.look()
        await loop.pass_by(0)
        assert station.server.asks[-1].suspect_running is True
        station.finish()
        await loop.pass_by(0)
        assert station.server.asks[-1].suspect_running is False

    run(Server(claim(1, is_suspect=True)), script)


@pytest.mark.parametrize(("size", "batches"), [(1, [64, 6]), (100 * 1024, [2] * 35), (300 * 1024, [1] * 70)])
def test_finishes_travel_in_batches_of_64_and_256_kib(size: int, batches: list[int]) -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        await loop.pass_by(0)
        while station.started:
            station.finish(size)
        for _ in batches:
            await loop.pass_by(0)

    station = run(Server(*map(claim, range(70))), script, concurrency=70)

    assert [len(ask.finishes) for ask in station.server.asks if ask.finishes] == batches
    assert [verdict for _, verdict in station.verdicts] == ["ok"] * 70


def test_a_draining_worker_claims_nothing_and_ends_when_all_is_written() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        station.pump.drain()
        station.server.waiting.append(claim(9))
        station.pump.look()
        await loop.pass_by(5)
        assert station.pump.free_slots == 0

    station = run(Server(claim(1), claim(2)), script)

    assert [job.id for job in station.server.waiting] == ["9"]
    assert sorted(station.verdicts) == [("1", "ok"), ("2", "ok")]


def test_one_call_stores_no_more_jobs_than_one_call_claims_those_that_follow_included() -> None:
    follower = Follower("f", "alpha.run", "q", JobOptions(), 1, 1.0, b"")
    ends = deque(Finish(claim(number), Done(b"1", (follower,) * 15)) for number in range(10))

    assert [len(take_batch(ends)) for _ in range(3)] == [4, 4, 2]


def test_an_end_with_more_than_fits_is_taken_alone() -> None:
    follower = Follower("f", "alpha.run", "q", JobOptions(), 1, 1.0, b"x" * keys.BATCH_BYTES)
    ends = deque([Finish(claim(1), Done(b"1", (follower,) * 100)), Finish(claim(2), Done(b"1"))])

    assert [len(take_batch(ends)) for _ in range(3)] == [1, 1, 0]


def test_a_second_step_leaves_while_one_is_under_way_if_it_brings_half_of_what_it_may() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        # given ten jobs that run, and a Redis that takes its time
        station.server.answers.clear()
        asked = len(station.server.asks)

        # when jobs end one after another
        sizes = []
        for _ in range(10):
            station.finish()
            await loop.pass_by(0)
            sizes.append([len(ask.finishes) for ask in station.server.asks[asked:]])

        # then one leaves at once, and another when there is enough for it
        assert sizes[0] == sizes[1] == [1]
        assert sizes[-1] == [1, 3]
        station.server.answers.set()

    run(Server(*map(claim, range(10))), script)


def test_what_two_steps_ask_for_is_no_more_than_there_is_room_for() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        station.server.answers.clear()
        station.server.waiting.extend(map(claim, range(10, 40)))
        asked = len(station.server.asks)
        while station.started:
            station.finish()
            await loop.pass_by(0)
        assert len(station.server.asks) == asked + 2
        assert sum(ask.slots for ask in station.server.asks[asked:]) <= 10
        station.server.answers.set()
        await loop.pass_by(0)
        assert len(station.started) <= 10

    run(Server(*map(claim, range(10))), script)


def test_of_two_steps_under_way_only_one_may_bring_a_suspect() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        station.server.answers.clear()
        asked = len(station.server.asks)
        while station.started:
            station.finish()
            await loop.pass_by(0)
        assert [ask.suspect_running for ask in station.server.asks[asked:]] == [False, True]
        station.server.answers.set()

    run(Server(*map(claim, range(10))), script)


def test_no_end_overtakes_what_its_attempt_has_reported() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        # given a report that is under way
        station.server.answers.clear()
        station.pump.reports.open("9", "w:9")
        station.pump.reports.log("w:9", "info", "half done")
        await loop.pass_by(0)
        assert len(station.server.asks[-1].reports) == 1
        asked = len(station.server.asks)

        # when all jobs end, then nothing leaves before it has arrived
        while station.started:
            station.finish()
            await loop.pass_by(0)
        assert len(station.server.asks) == asked
        station.server.answers.set()
        await loop.pass_by(0)
        assert len(station.server.asks) > asked

    run(Server(*map(claim, range(10))), script)


def test_a_wake_up_that_comes_while_a_step_is_under_way_is_not_forgotten() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        # given a step that has found nothing, whose answer is on its way
        station.server.answers.clear()
        station.pump.look()
        await loop.pass_by(0)

        # when a job comes and wakes the worker before the answer does
        station.pump.look()
        station.server.answers.set()
        station.server.waiting = []
        await loop.pass_by(0)
        station.server.waiting = [claim(1)]
        await loop.pass_by(0)

        # then it looks again at once
        assert len(station.server.asks) == 3

    run(Server(), script)


def test_a_step_that_cannot_be_made_ends_the_pump() -> None:
    class Broken(Server):
        async def answer(self, sequence: int, *, is_over: Callable[[], bool]) -> Reply:
            await super().answer(sequence, is_over=is_over)
            message = "broken"
            raise ValueError(message)

    pump = Station(Broken()).pump
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(pump.run())
