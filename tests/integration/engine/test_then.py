"""step.lua: the jobs that follow a success are stored with it, once."""

from typing import Any

import pytest
from tests.integration.engine.followed import beta, done, job_of, started
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    Alpha,
    Beta,
    ScriptedWorker,
    Transitions,
    at,
    new_job,
    with_token,
)

from afterwork.contracts import Priority
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Cancelled, Failed, Outcome, Released, Retry, Snoozed


def test_what_follows_is_stored_with_the_success_and_both_know_each_other(transitions: Transitions) -> None:
    # given
    worker, claim = started(transitions, beta("{result.0} of {job.id}"), beta(), owner="me")
    assert job_of(transitions, "a").then == ["beta.run", "beta.run"]

    # when
    assert worker.finish(claim, done(claim, b"[7]")) == "ok"

    # then
    parent, first = job_of(transitions, "a"), job_of(transitions, "next-1")
    assert parent.followers == ["next-1", "next-2"]
    assert not transitions.redis.exists("aw:then:a"), "it is not needed any more"
    assert (first.kind, first.queue, first.state, first.parent) == ("beta.run", "q", "queued", "a")
    assert (first.max_attempts, first.timeout) == (2, 30)
    assert transitions.record("next-1")["owner"] == "me"
    (got, _) = ScriptedWorker(transitions, "other", kinds=(Beta,)).claim()
    assert b'"a":[{"queue":"q","text":"7 of a"}]' in got.payload
    assert transitions.ledger()["accepted"] == 3
    assert transitions.ledger()["imbalance"] == 0


def test_the_options_of_a_follow_up_count_from_the_end_of_the_job_before(transitions: Transitions) -> None:
    # given
    tags, start_before = ["x", "ü"], at(START + 9000)
    options: dict[str, Any] = {
        "delay": 2,
        "priority": "low",
        "max_attempts": 9,
        "timeout": 1.5,
        "tags": tags,
        "retention": 5,
    }
    worker, claim = started(transitions, beta(**options, start_before=start_before), tags=["mine"])

    # when it ends a second after it was submitted
    transitions.advance(1000)
    worker.finish(claim, done(claim))

    # then
    job = job_of(transitions, "next-1")
    assert (job.created_at, job.run_at, job.state) == (at(START + 1000), at(START + 3000), "scheduled")
    assert (job.priority, job.max_attempts, job.timeout) == (Priority.LOW, 9, 1.5)
    assert (job.tags, job.retention, job.start_before) == (tags, 5, start_before)
    assert transitions.list_ids(tag="ü") == ["next-1"]
    assert transitions.states("next-1") == [(1, "scheduled")]


@pytest.mark.parametrize(
    "outcome",
    [Failed(PROBLEM), Cancelled(PROBLEM), Retry(0, PROBLEM), Snoozed(0), Released()],
    ids=lambda outcome: type(outcome).__name__,
)
def test_nothing_follows_any_other_end(transitions: Transitions, outcome: Outcome) -> None:
    worker, claim = started(transitions, beta())

    assert worker.finish(claim, outcome) == "ok"

    assert transitions.ledger()["accepted"] == 1
    assert job_of(transitions, "a").followers == []
    assert transitions.redis.exists("aw:then:a"), "it may be retried"


def test_a_retry_by_hand_that_succeeds_is_followed(transitions: Transitions) -> None:
    # given
    worker, claim = started(transitions, beta("{result}"))
    worker.finish(claim, Failed(PROBLEM))
    transitions.retry("a")
    (again,) = worker.claim()
    assert again.then == claim.then

    # when
    worker.finish(again, done(again, b'"x"'))

    # then
    assert job_of(transitions, "a").followers == ["next-1"]
    assert transitions.retry("a")[0] == "succeeded"


@pytest.mark.parametrize("token", ["", "w:7"])
def test_an_end_that_does_not_count_is_not_followed(transitions: Transitions, token: str) -> None:
    worker, claim = started(transitions, beta())

    assert worker.finish(with_token(claim, token), done(claim)) == "lost"

    assert transitions.ledger()["accepted"] == 1


def test_the_end_of_an_attempt_that_lost_its_lease_is_not_followed_and_that_of_the_next_one_is(
    transitions: Transitions,
) -> None:
    # given
    worker, claim = started(transitions, beta())
    transitions.advance(worker.lease + 1)
    transitions.reap(lease=worker.lease)
    other = ScriptedWorker(transitions, "other", kinds=(Alpha,))
    (again,) = other.claim()

    # when
    assert worker.finish(claim, done(claim, prefix="stale")) == "lost"
    assert other.finish(again, done(again)) == "ok"

    # then
    assert job_of(transitions, "a").followers == ["next-1"]
    assert transitions.ledger()["accepted"] == 2


def test_an_end_whose_reply_was_lost_is_followed_once(transitions: Transitions) -> None:
    # given
    worker, claim = started(transitions, beta(), beta())
    worker.finish(claim, done(claim))

    # when
    assert worker.repeat().verdicts == ["already"]
    assert worker.finish(claim, done(claim, prefix="again")) == "already"

    # then
    assert job_of(transitions, "a").followers == ["next-1", "next-2"]
    assert transitions.ledger()["accepted"] == 3


def test_a_lost_claim_is_given_again_with_what_is_to_follow(transitions: Transitions) -> None:
    worker, claim = started(transitions, beta())

    assert worker.repeat().claims == [claim]


def test_a_success_wins_over_a_request_to_cancel_and_is_followed(transitions: Transitions) -> None:
    worker, claim = started(transitions, beta())
    transitions.cancel("a")

    worker.finish(claim, done(claim))

    assert job_of(transitions, "a").followers == ["next-1"]


def test_what_can_be_claimed_at_once_is_claimed_by_the_same_call(transitions: Transitions) -> None:
    # given
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a", then=[beta("{job.id}", then=[beta("{job.id}")])]))
    (first,) = worker.claim()

    # when each end is written by the step that claims again
    (second,) = worker.step(5, [Finish(first, done(first, prefix="b"))]).claims
    (third,) = worker.step(5, [Finish(second, done(second, prefix="c"))]).claims
    assert worker.step(5, [Finish(third, done(third))]).claims == []

    # then each was filled in by the one before it
    assert (second.id, third.id) == ("b-1", "c-1")
    assert b'"text":"a"' in second.payload
    assert b'"text":"b-1"' in third.payload
    assert [job_of(transitions, job).parent for job in ("b-1", "c-1")] == ["a", "b-1"]
