"""amend.lua and `JobClient.amend`: what may be changed of a job that waits, and what nobody may change any more."""

from collections.abc import Callable

import pytest
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    Alpha,
    ScriptedWorker,
    Transitions,
    at,
    new_job,
)

from afterwork import errors
from afterwork.contracts import Amendment, JobOptions, JobState
from afterwork.engine import JobClient
from afterwork.engine.work.outcome import Done, Failed, Retry


def test_a_job_that_is_put_off_is_not_claimed_before_its_new_time(transitions: Transitions) -> None:
    # given a job that is due
    transitions.submit(new_job("a"))

    # when it is put off by five seconds
    assert transitions.amend("a", Amendment(run_at=at(START + 5000))) == "amended"

    # then nobody gets it a millisecond earlier
    worker = ScriptedWorker(transitions)
    transitions.advance(4999)
    assert worker.step(5).ids == []
    transitions.advance(1)
    assert worker.step(5).ids == ["a"]


def test_a_job_that_is_brought_forward_is_due_now_and_wakes_an_idle_worker(transitions: Transitions) -> None:
    # given a job for later, and workers that have taken the token
    transitions.submit(new_job("a", delay=3600))
    transitions.redis.delete("aw:wake:q")

    # when it is to run at a time that has passed
    transitions.amend("a", Amendment(run_at=at(START - 3_600_000)))

    # then it is due now, and not an hour ago, so that it overtakes nobody
    assert transitions.redis.llen("aw:wake:q") == 1
    assert transitions.record("a")["due"] == str(START)
    assert ScriptedWorker(transitions).step(5).ids == ["a"]


def test_a_new_priority_moves_the_job_to_its_lane_and_leaves_its_time(transitions: Transitions) -> None:
    # given three jobs that wait, one after the other
    for job_id in ("1", "2", "3"):
        transitions.submit(new_job(job_id))
        transitions.advance(1)

    # when the last is made the most urgent, and the first the least
    transitions.amend("3", Amendment(priority="high"))
    transitions.amend("1", Amendment(priority="low"))

    # then they are claimed so, and each stands in one lane with its own due time
    assert transitions.redis.zrange("aw:lane:q:alpha.run:high", 0, -1, withscores=True) == [("3", START + 2)]
    assert transitions.redis.zrange("aw:lane:q:alpha.run:low", 0, -1, withscores=True) == [("1", START)]
    assert ScriptedWorker(transitions).step(5).ids == ["3", "2", "1"]


def test_new_tags_replace_all_old_ones_and_nothing_else_changes(transitions: Transitions) -> None:
    # given a job with tags, whose queue is asleep
    transitions.submit(new_job("a", tags=["old", "both"], delay=5))
    transitions.redis.delete("aw:wake:q")
    before = transitions.record("a")

    # when it gets others
    transitions.amend("a", Amendment(tags=["both", "new"]))

    # then it is found by those alone, still as old as it is, and nobody is woken
    assert {tag: transitions.list_ids(tag=tag) for tag in ("old", "both", "new")} == {
        "old": [],
        "both": ["a"],
        "new": ["a"],
    }
    assert transitions.redis.zscore("aw:tag:new", "a") == START
    assert transitions.record("a") == before | {"tags": "both\nnew", "version": "2"}
    assert transitions.redis.llen("aw:wake:q") == 0


def test_an_empty_list_of_tags_removes_them_and_none_leaves_them(transitions: Transitions) -> None:
    transitions.submit(new_job("a", tags=["x"]))

    transitions.amend("a", Amendment(priority="low"))
    assert transitions.list_ids(tag="x") == ["a"]
    transitions.amend("a", Amendment(tags=[]))
    assert transitions.list_ids(tag="x") == []


def test_an_amendment_without_content_changes_nothing_not_even_the_version(transitions: Transitions) -> None:
    transitions.submit(new_job("a", tags=["x"]))
    before = transitions.record("a")

    assert transitions.amend("a", Amendment()) == "amended"

    assert transitions.record("a") == before


@pytest.mark.parametrize(
    "live",
    [
        lambda worker: worker.claim(),
        lambda worker: worker.finish(worker.claim()[0], Done(b"1")),
        lambda worker: worker.finish(worker.claim()[0], Failed(PROBLEM)),
    ],
    ids=["running", "succeeded", "failed"],
)
def test_a_job_that_does_not_wait_stays_as_it_is(
    transitions: Transitions, live: Callable[[ScriptedWorker], object]
) -> None:
    # given a job that runs or has ended
    transitions.submit(new_job("a", tags=["x"]))
    live(ScriptedWorker(transitions))
    before = transitions.record("a")

    # when it is to change
    answer = transitions.amend("a", Amendment(run_at=at(START + 9000), priority="low", tags=["y"]))

    # then it does not
    assert answer == ("running" if before["state"] == "running" else "finished")
    assert transitions.record("a") == before
    assert (transitions.list_ids(tag="x"), transitions.list_ids(tag="y")) == (["a"], [])
    assert transitions.ledger()["imbalance"] == 0


def test_a_job_between_two_attempts_waits_and_can_be_changed(transitions: Transitions) -> None:
    # given a job that is to be retried in a minute
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    worker.finish(worker.claim()[0], Retry(60, PROBLEM))

    # when it is brought forward
    assert transitions.amend("a", Amendment(run_at=at(START))) == "amended"

    # then its second attempt begins at once
    assert [(claim.id, claim.attempt) for claim in worker.claim()] == [("a", 2)]


def test_a_suspect_that_is_put_off_stays_a_suspect(transitions: Transitions) -> None:
    # given a job under which two workers died
    transitions.submit(new_job("a"))
    for name in ("first", "second"):
        ScriptedWorker(transitions, name, lease=1000).claim()
        transitions.advance(1000)
        transitions.reap()

    # when it gets another time and priority
    transitions.amend("a", Amendment(run_at=at(transitions.now + 5000), priority="high"))

    # then it waits among the suspects still, until then
    assert transitions.redis.zrange("aw:suspects:q", 0, -1, withscores=True) == [
        ("a", transitions.now + 5000)
    ]
    assert transitions.ledger()["imbalance"] == 0
    worker = ScriptedWorker(transitions, "third")
    assert worker.step(5).ids == []
    transitions.advance(5000)
    assert [claim.is_suspect for claim in worker.claim()] == [True]


@pytest.mark.parametrize(
    ("version", "answer"), [(1, "amended"), ("", "amended"), (2, "changed"), (0, "changed"), (10, "changed")]
)
def test_a_version_that_is_not_the_jobs_own_changes_nothing(
    transitions: Transitions, version: int | str, answer: str
) -> None:
    transitions.submit(new_job("a"))

    assert transitions.amend("a", Amendment(tags=["x"]), version) == answer

    assert transitions.list_ids(tag="x") == (["a"] if answer == "amended" else [])


@pytest.mark.parametrize(("ms", "answer"), [(4999, "amended"), (5000, "too-late"), (5001, "too-late")])
def test_a_job_cannot_be_put_off_until_it_could_never_start(
    transitions: Transitions, ms: int, answer: str
) -> None:
    # given a job that must start within five seconds
    transitions.submit(new_job("a", start_before=START + 5000, tags=["x"]))

    # when it is put off, and tagged anew in the same breath
    assert transitions.amend("a", Amendment(run_at=at(START + ms), tags=["y"])) == answer

    # then both happen or neither
    assert transitions.list_ids(tag="y") == (["a"] if answer == "amended" else [])
    assert transitions.record("a")["due"] == str(START + ms if answer == "amended" else START)


async def test_the_client_answers_with_the_job_as_it_is_then(client: JobClient) -> None:
    # given a job with a unique key
    job = (await client.submit(Alpha(), JobOptions(unique_key="u", tags=["x"]))).job

    # when it is put off
    later = at(4_000_000_000_000)
    amended = await client.amend(job.id, Amendment(run_at=later, priority="high", tags=["y"]), job.version)

    # then so it is read
    assert (amended.state, amended.run_at, amended.priority) == (JobState.SCHEDULED, later, "high")
    assert (amended.tags, amended.unique_key, amended.version) == (["y"], "u", 2)


async def test_the_client_tells_apart_why_a_job_cannot_be_changed(
    client: JobClient, worker: ScriptedWorker
) -> None:
    amendment = Amendment(tags=["x"])
    job_id = (await client.submit(Alpha(), JobOptions(start_before="2100-01-01T00:00:00Z"))).job.id

    with pytest.raises(errors.NotFound):
        await client.amend("unknown", amendment)
    with pytest.raises(errors.PreconditionFailed, match="version 1"):
        await client.amend(job_id, amendment, if_version=7)
    with pytest.raises(errors.InvalidPayload, match="start_before"):
        await client.amend(job_id, Amendment(run_at="2100-01-01T00:00:00Z"))
    (claim,) = worker.claim()
    with pytest.raises(errors.NotWaiting):
        await client.amend(job_id, amendment)
    worker.finish(claim, Done(b"1"))
    with pytest.raises(errors.AlreadyFinished):
        await client.amend(job_id, amendment)
