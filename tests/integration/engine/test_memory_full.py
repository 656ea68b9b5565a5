"""Redis without memory: new work is refused, running work still finishes."""

from collections.abc import Iterator

import pytest
from redis.exceptions import OutOfMemoryError
from tests.integration.engine.transitions import PROBLEM, ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts import Amendment
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, Submission
from afterwork.engine.work.outcome import Done, Failed, Outcome, Retry


@pytest.fixture
def full(transitions: Transitions) -> Iterator[Transitions]:
    """The server as it is now, and no byte more, once `fill` is called."""
    yield transitions
    transitions.redis.config_set("maxmemory", 0)


def fill(transitions: Transitions) -> None:
    transitions.redis.config_set("maxmemory", 1)


def test_a_submit_is_refused_whole_and_stores_nothing(full: Transitions) -> None:
    before = set(full.redis.keys("*"))
    fill(full)

    with pytest.raises(OutOfMemoryError):
        full.submit(new_job("a"), new_job("b"))

    assert set(full.redis.keys("*")) == before


async def test_the_client_reports_full_for_each_job_and_goes_on_when_there_is_room(
    full: Transitions, engine_server: RedisServer
) -> None:
    submissions = [Submission.of(ProbeRun(queue="notifier")) for _ in range(3)]
    async with JobClient.connect(engine_server.url) as client:
        fill(full)

        answers = await client.submit_many(submissions)
        assert [type(answer) for answer in answers] == [errors.QueueFull] * 3
        with pytest.raises(errors.QueueFull):
            await client.submit(ProbeRun(queue="notifier"))

        full.redis.config_set("maxmemory", 0)
        again = await client.submit_many(submissions)
        assert [answer.job.id for answer in again if not isinstance(answer, errors.AfterworkError)] == [
            submission.id for submission in submissions
        ]
        assert full.ledger()["accepted"] == 3


async def test_a_retry_is_refused_like_a_submit(full: Transitions, engine_server: RedisServer) -> None:
    full.submit(new_job("a"))
    full.cancel("a")
    fill(full)

    async with JobClient.connect(engine_server.url) as client:
        with pytest.raises(errors.QueueFull):
            await client.retry("a")

    assert full.record("a")["state"] == "cancelled"


async def test_a_job_that_waits_can_still_be_changed(full: Transitions, engine_server: RedisServer) -> None:
    full.submit(new_job("a"))
    fill(full)

    async with JobClient.connect(engine_server.url) as client:
        changed = await client.amend("a", Amendment(tags=["x"]))

    assert changed.tags == ["x"]
    assert full.redis.zrange("aw:tag:x", 0, -1) == ["a"]


def test_running_work_still_reports_and_keeps_what_it_has_reached(full: Transitions) -> None:
    worker = ScriptedWorker(full)
    full.submit(new_job("a"))
    (claim,) = worker.claim()
    fill(full)

    worker.report(claim, b'{"done":1}', "a line")
    assert worker.checkpoint(claim, b'"' + b"x" * 60_000 + b'"') == "ok"

    assert full.log("a") == ["a line"]
    assert full.redis.strlen("aw:checkpoint:a") == 60_002


def test_what_was_not_started_in_time_is_still_cancelled(full: Transitions) -> None:
    full.submit(new_job("a", start_before=full.now))
    full.advance(1)
    fill(full)

    assert full.reap() == 1

    assert full.record("a")["state"] == "cancelled"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Done(b'"' + b"x" * 10_000 + b'"'), "succeeded"),
        (Failed(PROBLEM), "failed"),
        (Retry(0, PROBLEM), "waiting"),
    ],
)
def test_running_work_still_renews_and_finishes(full: Transitions, outcome: Outcome, state: str) -> None:
    # given a running job, and no memory left
    worker = ScriptedWorker(full)
    full.submit(new_job("a"))
    (claim,) = worker.claim()
    fill(full)

    # when it goes on and ends
    assert worker.renew(claim) == ["ok"]
    assert worker.finish(claim, outcome) == "ok"

    # then that is written
    assert full.record("a")["state"] == state


def test_waiting_work_is_still_claimed_cancelled_released_taken_back_and_swept(full: Transitions) -> None:
    full.submit(*map(new_job, ["a", "b", "c"]))
    fill(full)
    worker = ScriptedWorker(full)

    assert full.cancel("c") == "cancelled"
    first, second = worker.claim()
    assert worker.release(first) == 1
    assert full.reap() == 0
    assert worker.finish(second, Done(b"1")) == "ok"
    full.redis.config_set("maxmemory", 0)
    full.advance(24 * 3_600_000)
    fill(full)
    assert full.sweep() == 2
    assert full.ledger()["imbalance"] == 0
