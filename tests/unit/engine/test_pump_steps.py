"""Pump: what two steps under way may bring, and what must not leave beside another."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from tests.unit.engine.pumping import Server, Station, claim, run
from tests.unit.engine.time_travel import TimeTravel

from afterwork.engine.work.claims import Claim
from afterwork.engine.work.steps import Reply


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


class OneByOne(Server):
    """Answers one step when it is told to."""

    def __init__(self, *waiting: Claim) -> None:
        super().__init__(*waiting)
        self.permits = asyncio.Semaphore(1)

    async def answer(self, sequence: int, *, is_over: Callable[[], bool]) -> Reply:
        await self.permits.acquire()
        return await super().answer(sequence, is_over=is_over)


def test_beside_a_step_that_may_bring_no_suspect_the_next_one_may() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        # given jobs without an end, of which there are always two steps under way
        under_way = []
        for _ in range(30):
            while station.started:
                station.finish()
            await loop.pass_by(0)
            under_way.append(len(server.unanswered))
            server.permits.release()
            await loop.pass_by(0)
        assert under_way.count(2) > 20

        # then every other one may bring a suspect
        may = [not ask.suspect_running for ask in server.asks if ask.slots]
        assert all(one or other for one, other in pairwise(may))
        for _ in range(200):
            server.permits.release()

    server = OneByOne(*map(claim, range(300)))
    run(server, script)


def test_no_more_is_started_than_may_be() -> None:
    async def script(station: Station, loop: TimeTravel) -> None:
        station.server.waiting.extend(map(claim, range(10, 40)))
        station.pump.occupy(1)
        while station.started:
            station.finish()
            await loop.pass_by(0)
        station.pump.occupy(-1)
        station.pump.look()
        await loop.pass_by(5)
        assert len(station.held) == 12

    run(Server(*map(claim, range(10))), script, max_starts=12)


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
