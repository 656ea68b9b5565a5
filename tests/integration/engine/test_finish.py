"""step.lua: how finishes are judged, and what is kept of a job that ends."""

import pytest
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    ScriptedWorker,
    Transitions,
    at,
    new_job,
    with_token,
)

from afterwork.engine import keys
from afterwork.engine.jobs import records
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done, Failed, Outcome, Released, Retry, Snoozed


@pytest.mark.parametrize(
    ("outcome", "state", "attempt", "due"),
    [
        (Done(b"[]"), "succeeded", "1", START),
        (Failed(PROBLEM), "failed", "1", START),
        (Retry(2, PROBLEM), "waiting", "1", START + 2010),
        (Snoozed(3), "waiting", "0", START + 3010),
        (Released(), "waiting", "0", START),
    ],
)
def test_an_outcome_decides_state_attempts_and_due_time(
    transitions: Transitions, outcome: Outcome, state: str, attempt: str, due: int
) -> None:
    # given a running job
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()

    # when it ends ten milliseconds later
    transitions.advance(10)
    verdict = worker.finish(claim, outcome)

    # then its record says so, and nothing of its lease is left
    record = transitions.record("a")
    assert (verdict, record["state"], record["attempt"], record["due"]) == ("ok", state, attempt, str(due))
    assert transitions.redis.exists("arq:in-progress:a", "aw:leases:q") == 0


def test_an_ended_job_keeps_payload_and_result_under_their_own_keys(transitions: Transitions) -> None:
    # given a job that succeeds
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    payload = transitions.redis.get("arq:job:a")
    (claim,) = worker.claim()

    # when its result holds what Lua's JSON would spoil
    worker.finish(claim, Done(b'{"list":[],"big":12345678901234567890,"float":0.1}'))

    # then it is kept byte for byte, and so is the payload
    assert '"r":{"list":[],"big":12345678901234567890,"float":0.1}}' in str(
        transitions.redis.get("arq:result:a")
    )
    assert transitions.redis.get("arq:job:a") == payload


def test_a_repeated_finish_is_already_done_and_changes_nothing(transitions: Transitions) -> None:
    # given a finish whose reply was lost
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    worker.finish(claim, Done(b"1"))
    before = transitions.record("a")

    # when it comes again, and again with another end
    verdicts = [worker.finish(claim, Done(b"1")), worker.finish(claim, Failed(PROBLEM))]

    # then the first one counts
    assert verdicts == ["already", "already"]
    assert transitions.record("a") == before
    assert len(records.job_from("a", transitions.call("get", "a", "")).history) == 1


def test_a_finish_with_a_token_that_is_not_the_current_one_is_lost(transitions: Transitions) -> None:
    # given a job that another worker has by now
    first, second = ScriptedWorker(transitions, "first"), ScriptedWorker(transitions, "second")
    transitions.submit(new_job("a"))
    (stale,) = first.claim()
    first.release(stale)
    (current,) = second.claim()

    # when the first finishes late, or somebody makes up a token
    verdicts = [first.finish(stale, Done(b"1")), first.finish(with_token(stale, ""), Done(b"1"))]

    # then it changes nothing
    assert verdicts == ["lost", "lost"]
    assert transitions.record("a")["state"] == "running"
    assert second.finish(current, Done(b"2")) == "ok"


def test_a_finish_of_a_job_that_is_gone_is_lost(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    worker.finish(claim, Done(b"1"))
    transitions.advance(keys.KEEP_MS["succeeded"])
    transitions.sweep()

    assert worker.finish(claim, Done(b"1")) == "lost"
    assert transitions.redis.exists("aw:job:a") == 0


def test_finished_slots_are_filled_by_the_same_call(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"), new_job("b"))
    (claim,) = worker.claim(1)

    reply = worker.step(1, [Finish(claim, Done(b"1"))])

    assert (reply.verdicts, reply.ids) == (["ok"], ["b"])


def test_history_shows_the_last_twenty_attempts(transitions: Transitions) -> None:
    # given a job that is snoozed and retried 25 times
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    for i in range(25):
        (claim,) = worker.claim()
        transitions.advance(1)
        worker.finish(claim, Retry(0, PROBLEM) if i % 2 else Snoozed(0))

    # then the last twenty are shown, the newest at the end
    history = records.job_from("a", transitions.call("get", "a", "")).history
    assert [attempt.finished_at for attempt in history] == [at(START + i) for i in range(6, 26)]
    assert transitions.record("a")["claims"] == "25"
