"""step.lua: what follows a success although something is in its way, or cannot follow it."""

from tests.integration.engine.followed import beta, done, job_of, started
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    Beta,
    ScriptedWorker,
    Transitions,
    at,
    new_job,
)

from afterwork.contracts import FollowUp, JobOptions
from afterwork.engine.jobs import records
from afterwork.engine.work.outcome import Failed


def test_one_whose_unique_key_is_taken_gives_way_to_the_job_that_has_it(transitions: Transitions) -> None:
    # given
    worker, claim = started(
        transitions, beta(unique_key="u"), beta(unique_key="u"), beta(unique_key="v"), owner="me"
    )
    transitions.submit(new_job("holder", Beta(), unique_key="u", owner="me"))
    transitions.submit(new_job("other's", Beta(), unique_key="v", owner="you"))

    # when
    worker.finish(claim, done(claim))

    # then
    assert job_of(transitions, "a").followers == ["holder", "holder", "next-3"]
    assert transitions.redis.get("aw:unique:me:beta.run:v") == "next-3"
    assert transitions.ledger()["accepted"] == 4


def test_a_job_may_be_followed_by_one_with_its_own_unique_key(transitions: Transitions) -> None:
    again = FollowUp(kind="alpha.run", payload={}, options=JobOptions(unique_key="u"))
    worker, claim = started(transitions, again, unique_key="u")

    worker.finish(claim, done(claim))

    assert job_of(transitions, "a").followers == ["next-1"]
    assert transitions.redis.get("aw:unique::alpha.run:u") == "next-1"


def test_one_that_cannot_be_filled_in_is_there_as_failed(transitions: Transitions) -> None:
    # given
    worker, claim = started(transitions, beta("{result.colour}", unique_key="u", tags=["x"]), beta())

    # when
    worker.finish(claim, done(claim, b"{}"))

    # then
    job = job_of(transitions, "next-1")
    assert job.error is not None
    assert (job.state, job.error.code, job.claims) == ("failed", "payload-invalid", 0)
    assert "{result.colour}" in job.error.detail
    assert job.finished_at == at(START)
    assert transitions.states("next-1") == [(1, "queued"), (2, "failed")]
    assert transitions.list_ids("failed", tag="x") == ["next-1"]
    assert transitions.redis.exists("aw:unique::beta.run:u") == 0
    assert transitions.retry("next-1") == ("payload-missing", "")
    assert [claim.id for claim in ScriptedWorker(transitions, "other").claim()] == ["next-2"]
    assert transitions.ledger()["imbalance"] == 0


def test_one_that_does_not_fit_its_contract_can_be_retried_by_hand(transitions: Transitions) -> None:
    worker, claim = started(transitions, FollowUp(kind="beta.run", payload={"text": "{result}"}))

    worker.finish(claim, done(claim, b"[]"))

    assert job_of(transitions, "next-1").state == "failed"
    assert transitions.retry("next-1") == ("retried", "")
    (again,) = ScriptedWorker(transitions, "other", kinds=(Beta,)).claim()
    assert b'{"text":[]}' in again.payload


def test_what_is_to_follow_goes_with_the_record(transitions: Transitions) -> None:
    # given a job that failed
    worker, claim = started(transitions, beta())
    worker.finish(claim, Failed(PROBLEM))

    # when its retention is over
    transitions.advance(15 * 24 * 3_600_000)
    transitions.sweep()

    # then nothing of it is left
    assert transitions.redis.keys("*:a") == []


def test_a_job_without_its_then_is_not_run_as_if_nothing_followed(transitions: Transitions) -> None:
    transitions.submit(new_job("a", then=[beta()]))
    transitions.redis.delete("aw:then:a")

    assert ScriptedWorker(transitions).claim() == []

    error = job_of(transitions, "a").error
    assert error is not None
    assert error.code == "undecodable"


def test_a_full_server_still_takes_what_follows(transitions: Transitions) -> None:
    worker, claim = started(transitions, beta("x" * 10_000))
    transitions.redis.config_set("maxmemory", 1)

    try:
        verdict = worker.finish(claim, done(claim))
    finally:
        transitions.redis.config_set("maxmemory", 0)

    assert verdict == "ok"
    assert job_of(transitions, "a").followers == ["next-1"]
    assert transitions.ledger()["accepted"] == 2


def test_a_queue_that_never_had_a_job_is_known_and_woken(transitions: Transitions) -> None:
    new = FollowUp(kind="beta.run", payload={"queue": "new"})
    worker, claim = started(transitions, new)

    worker.finish(claim, done(claim))

    assert transitions.redis.llen("aw:wake:new") == 1
    assert [queue.name for queue in records.queues_from(transitions.call("queues"))] == ["new", "q"]
    assert [claim.id for claim in ScriptedWorker(transitions, "other", queue="new").claim()] == ["next-1"]


def test_one_that_is_not_started_in_time_is_cancelled(transitions: Transitions) -> None:
    worker, claim = started(transitions, beta(start_before=at(START + 5)))
    worker.finish(claim, done(claim))

    transitions.advance(6)
    transitions.reap()

    assert job_of(transitions, "next-1").state == "cancelled"
