"""ledger.lua and queues.lua: the books balance, and see what is done behind the engine's back."""

import pytest
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    Alpha,
    Beta,
    ScriptedWorker,
    Transitions,
    new_job,
)

from afterwork.engine.jobs.records import queues_from
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Retry


def live_a_little(transitions: Transitions) -> ScriptedWorker:
    """One job in every state, in two queues and kinds, and one swept."""
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("swept"))
    transitions.cancel("swept")
    transitions.advance(24 * 3_600_000)
    transitions.sweep()
    transitions.submit(*map(new_job, ["good", "bad", "unwanted", "retried"]))
    good, bad, unwanted, retried = sorted(worker.claim(4), key=lambda claim: "gbur".index(claim.id[0]))
    worker.finish(good, Done(b"1"))
    worker.finish(bad, Failed(PROBLEM))
    worker.finish(unwanted, Cancelled(PROBLEM))
    worker.finish(retried, Retry(60, PROBLEM))
    transitions.submit(new_job("running"))
    worker.claim(1)
    transitions.submit(
        new_job("queued", Beta(), priority="low"), new_job("elsewhere", Alpha(queue="r"), delay=9)
    )
    return worker


def test_every_job_stands_in_the_ledger_once(transitions: Transitions) -> None:
    live_a_little(transitions)

    assert transitions.ledger() == {
        "accepted": 8,
        "adopted": 0,
        "swept": 1,
        "scheduled": 2,
        "queued": 1,
        "running": 1,
        "succeeded": 1,
        "failed": 1,
        "cancelled": 1,
        "imbalance": 0,
    }


def test_an_empty_server_balances(transitions: Transitions) -> None:
    assert set(transitions.ledger().values()) == {0}


@pytest.mark.parametrize(
    ("key", "member"),
    [
        ("aw:lane:q:beta.run:low", "queued"),
        ("aw:lane:q:alpha.run:normal", "running"),
        ("aw:lane:r:alpha.run:normal", "elsewhere"),
        ("aw:ix:q:beta.run:waiting", "queued"),
        ("aw:ix:q:alpha.run:running", "running"),
        ("aw:ix:q:alpha.run:succeeded", "good"),
        ("aw:ix:q:alpha.run:failed", "bad"),
    ],
)
def test_one_member_removed_behind_the_engines_back_is_seen(
    transitions: Transitions, key: str, member: str
) -> None:
    live_a_little(transitions)

    assert transitions.redis.zrem(key, member) == 1

    assert transitions.ledger()["imbalance"] > 0


@pytest.mark.parametrize(
    "key", ["aw:lane:q:beta.run:low", "aw:suspects:r", "aw:ix:q:beta.run:waiting", "aw:ix:q:beta.run:failed"]
)
def test_one_member_added_behind_the_engines_back_is_seen(transitions: Transitions, key: str) -> None:
    live_a_little(transitions)

    transitions.redis.zadd(key, {"ghost": START})

    assert transitions.ledger()["imbalance"] > 0


def test_two_faults_in_different_queues_do_not_cancel_out(transitions: Transitions) -> None:
    live_a_little(transitions)

    transitions.redis.zrem("aw:lane:r:alpha.run:normal", "elsewhere")
    transitions.redis.zadd("aw:lane:q:beta.run:low", {"ghost": START})

    assert transitions.ledger()["imbalance"] == 2


def test_queues_are_counted_per_kind_with_the_age_of_the_oldest_due_job(transitions: Transitions) -> None:
    # given jobs in every state, half a minute ago
    live_a_little(transitions)
    transitions.advance(30_000)

    # when the queues are read
    first, second = queues_from(transitions.call("queues"))

    # then both are there, by name
    alpha, beta = first.kinds
    assert (first.name, first.waiting, first.due, first.running, first.suspects) == ("q", 2, 1, 1, 0)
    assert (alpha.waiting, alpha.due, alpha.running, alpha.oldest_due_age) == (1, 0, 1, None)
    assert (alpha.succeeded, alpha.failed, alpha.cancelled) == (1, 1, 1)
    assert (beta.kind, beta.waiting, beta.due, beta.oldest_due_age) == ("beta.run", 1, 1, 30.0)
    assert (second.name, second.waiting, second.due, second.oldest_due_age) == ("r", 1, 1, 21.0)


def test_reading_changes_nothing(transitions: Transitions) -> None:
    live_a_little(transitions)
    before = {key: transitions.redis.dump(key) for key in transitions.redis.keys("*")}

    for name, arguments in [
        ("ledger", ()),
        ("queues", ()),
        ("get", ("running", 1)),
        ("payload", ("good",)),
        ("list", ("", "", "", "", "", 50, "", "")),
    ]:
        transitions.call(name, *arguments)

    assert {key: transitions.redis.dump(key) for key in transitions.redis.keys("*")} == before
