"""Pump: when a worker steps, with what, and when it ends."""

from collections import deque

import pytest
from tests.unit.engine.pumping import Server, Station, claim, run
from tests.unit.engine.time_travel import TimeTravel

from afterwork.contracts import JobOptions
from afterwork.engine import keys
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.following import Follower
from afterwork.engine.work.outcome import Done
from afterwork.engine.work.pump import POLL, take_batch


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
