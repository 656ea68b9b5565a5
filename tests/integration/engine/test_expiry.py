"""start_before: a job that nobody started in time is cancelled, once, and says why."""

import pytest
from tests.integration.engine.transitions import PROBLEM, START, Alpha, ScriptedWorker, Transitions, new_job

from afterwork.contracts import JobOptions, JobState
from afterwork.engine import JobClient
from afterwork.engine.work.outcome import Released, Retry, Snoozed

LIMIT = START + 5000


def test_a_job_that_nobody_started_in_time_is_cancelled_as_expired(transitions: Transitions) -> None:
    # given a job that must start within five seconds, and waits for its last millisecond
    transitions.submit(new_job("a", start_before=LIMIT, unique_key="u", tags=["x"]))
    transitions.advance(5000)
    assert transitions.reap() == 0

    # when that has passed
    transitions.advance(1)
    assert transitions.reap() == 1

    # then it has ended, its error says why, and its unique key is free
    record = transitions.record("a")
    assert (record["state"], record["finished"], record["claims"]) == ("cancelled", str(LIMIT + 1), "0")
    assert '"type":"/problems/expired"' in str(transitions.redis.get("arq:result:a"))
    assert transitions.submit(new_job("b", unique_key="u"))[0].name == "stored"
    assert transitions.redis.exists("aw:start-before") == 0
    assert transitions.ledger()["imbalance"] == 0
    assert transitions.reap() == 0


def test_a_worker_does_not_start_what_should_have_started_before(transitions: Transitions) -> None:
    # given a job that is late and one that is not, and nobody who reaps
    transitions.submit(new_job("late", start_before=LIMIT))
    transitions.advance(1)
    transitions.submit(new_job("fine", start_before=LIMIT + 1))
    transitions.advance(5000)

    # when a worker claims
    reply = ScriptedWorker(transitions).step(5)

    # then it gets the one, and the other is cancelled
    assert reply.ids == ["fine"]
    assert transitions.record("late")["state"] == "cancelled"
    assert transitions.redis.exists("aw:start-before") == 0


def test_a_job_put_off_beyond_its_limit_by_a_foreign_lock_expires_too(transitions: Transitions) -> None:
    transitions.submit(new_job("a", start_before=LIMIT - 1))
    transitions.redis.set("arq:in-progress:a", "1", px=60_000)
    assert ScriptedWorker(transitions).step(5).ids == []

    transitions.advance(5000)

    assert transitions.reap() == 1
    assert transitions.record("a")["state"] == "cancelled"


@pytest.mark.parametrize("outcome", [Retry(60, PROBLEM), Snoozed(60), Released()])
def test_a_job_that_was_started_in_time_is_not_held_to_it_again(
    transitions: Transitions, outcome: Retry | Snoozed | Released
) -> None:
    # given a job whose first attempt began in time
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a", start_before=LIMIT))
    (claim,) = worker.claim()
    worker.finish(claim, outcome)

    # when the time passes while it waits for the next
    transitions.advance(60_000)
    assert transitions.reap() == 0

    # then it runs
    assert worker.step(5).ids == ["a"]


def test_a_job_whose_worker_died_under_it_was_started(transitions: Transitions) -> None:
    transitions.submit(new_job("a", start_before=LIMIT))
    ScriptedWorker(transitions, "dies", lease=1000).claim()
    transitions.advance(6000)

    assert transitions.reap() == 1

    assert ScriptedWorker(transitions, "next").step(5).ids == ["a"]


def test_a_job_that_expired_can_be_retried_without_its_limit(transitions: Transitions) -> None:
    # given a job that expired
    transitions.submit(new_job("a", start_before=LIMIT))
    transitions.advance(5001)
    transitions.reap()

    # when it is retried
    assert transitions.retry("a") == ("retried", "")

    # then it runs, however long that takes
    transitions.advance(60_000)
    assert transitions.reap() == 0
    assert "start_before" not in transitions.record("a")
    assert ScriptedWorker(transitions).step(5).ids == ["a"]


def test_a_job_that_is_cancelled_before_is_not_looked_at_again(transitions: Transitions) -> None:
    transitions.submit(new_job("a", start_before=LIMIT))
    transitions.cancel("a")
    transitions.advance(6000)

    assert transitions.reap() == 0
    assert '"type":"/problems/cancelled"' in str(transitions.redis.get("arq:result:a"))


def test_one_call_cancels_at_most_64_and_the_next_one_goes_on(transitions: Transitions) -> None:
    for part in range(2):
        transitions.submit(*(new_job(f"{part}-{i}", start_before=LIMIT) for i in range(40)))
    transitions.advance(6000)

    assert [transitions.reap() for _ in range(3)] == [64, 16, 0]
    assert transitions.ledger() | {"cancelled": 80, "imbalance": 0} == transitions.ledger()


async def test_a_client_reads_when_the_job_had_to_start_and_that_it_did_not(
    client: JobClient, transitions: Transitions
) -> None:
    # given a job whose time has passed when it is accepted
    job = (await client.submit(Alpha(), JobOptions(start_before="2001-01-01T00:00:00Z"))).job
    assert job.start_before is not None
    assert job.start_before.isoformat() == "2001-01-01T00:00:00+00:00"

    # when the duties come around
    assert await client.reap(60) == 1

    # then it tells
    ended = await client.get(job.id)
    assert (ended.state, ended.error and ended.error.code) == (JobState.CANCELLED, "expired")
    assert (ended.started_at, ended.history, ended.start_before) == (None, [], job.start_before)
