"""cancel.lua, retry.lua and sweep.lua: what ends a job from outside, begins it again, and removes it."""

import pytest
from tests.integration.engine.transitions import PROBLEM, START, Alpha, ScriptedWorker, Transitions, new_job

from afterwork.engine import keys
from afterwork.engine.jobs import records
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed

HOUR = 3_600_000


def run(transitions: Transitions, job_id: str, outcome: Outcome, **options: str) -> None:
    """Submit, claim and finish one job."""
    worker = ScriptedWorker(transitions, f"runs {job_id}")
    transitions.submit(new_job(job_id, unique_key=options.get("unique_key")))
    (claim,) = worker.claim()
    assert worker.finish(claim, outcome) == "ok"


# ------------------------------------------------------------------------------------------------ cancel


@pytest.mark.parametrize("delay", [0, 60])
def test_a_waiting_job_is_cancelled_at_once(transitions: Transitions, delay: float) -> None:
    # given a job that waits, due or not
    transitions.submit(new_job("a", delay=delay, unique_key="u"))

    # when it is cancelled
    assert transitions.cancel("a") == "cancelled"

    # then nobody can claim it, its error says why, and its unique key is free
    transitions.advance(60_000)
    assert ScriptedWorker(transitions).step(5).ids == []
    assert transitions.record("a")["state"] == "cancelled"
    assert '"type":"/problems/cancelled"' in str(transitions.redis.get("arq:result:a"))
    assert transitions.submit(new_job("b", unique_key="u"))[0].name == "stored"


def test_a_running_job_is_cancelled_by_its_worker(transitions: Transitions) -> None:
    # given a worker that runs a job and listens
    worker = ScriptedWorker(transitions, "listener")
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    with transitions.redis.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("aw:w:listener")
        channel.get_message(timeout=5)

        # when the job is cancelled
        assert transitions.cancel("a") == "requested"

        # then the worker hears of it at once, and again with each renewal
        message = channel.get_message(timeout=5)
    assert message is not None
    assert message["data"] == "cancel a"
    assert worker.renew(claim) == ["cancel"]
    assert transitions.record("a")["state"] == "running"
    assert worker.finish(claim, Cancelled(PROBLEM)) == "ok"
    assert transitions.record("a")["state"] == "cancelled"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Done(b"1"), "succeeded"),
        (Failed(PROBLEM), "failed"),
        (Retry(0, PROBLEM), "cancelled"),
        (Snoozed(0), "cancelled"),
        (Released(), "cancelled"),
    ],
)
def test_a_result_that_comes_first_wins_over_a_cancel_and_another_run_does_not(
    transitions: Transitions, outcome: Outcome, state: str
) -> None:
    # given a running job that is to be cancelled
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    transitions.cancel("a")

    # when it ends in another way
    assert worker.finish(claim, outcome) == "ok"

    # then an end stands, and there is no next run
    assert transitions.record("a")["state"] == state
    assert transitions.cancel("a") == "finished"


def test_a_released_job_that_was_to_be_cancelled_is_cancelled(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    transitions.cancel("a")

    worker.release(claim)

    assert transitions.record("a")["state"] == "cancelled"


def test_cancel_says_that_a_job_has_ended_or_never_was(transitions: Transitions) -> None:
    run(transitions, "a", Done(b"1"))

    assert transitions.cancel("a") == "finished"
    assert transitions.cancel("unknown") == "missing"
    assert transitions.record("unknown") == {}


def test_a_job_is_cancelled_once_and_its_version_grows_once(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    worker.claim()
    transitions.cancel("a")
    version = transitions.record("a")["version"]

    assert transitions.cancel("a") == "requested"
    assert transitions.record("a")["version"] == version


# ------------------------------------------------------------------------------------------------ retry


@pytest.mark.parametrize(
    ("outcome", "state"), [(Failed(PROBLEM), "failed"), (Cancelled(PROBLEM), "cancelled")]
)
def test_a_failed_or_cancelled_job_runs_again_from_its_first_attempt(
    transitions: Transitions, outcome: Outcome, state: str
) -> None:
    # given a job that ended badly
    run(transitions, "a", outcome)
    assert transitions.record("a")["state"] == state
    transitions.advance(HOUR)

    # when it is retried
    assert transitions.retry("a") == ("retried", "")

    # then it is due now, nothing of its end is left, its history stays, and it will not be swept meanwhile
    assert transitions.record("a")["due"] == str(START + HOUR)
    assert transitions.redis.exists("arq:result:a", "aw:payload:a", keys.EXPIRY) == 0
    (claim,) = ScriptedWorker(transitions, "again").claim()
    assert (claim.attempt, claim.deaths, claim.is_suspect) == (1, 0, False)
    assert b'"f":"alpha.run"' in claim.payload
    (ended, _) = records.job_from("a", transitions.call("get", "a", "")).history
    assert (ended.attempt, ended.error and ended.error.code) == (1, "handler-error")
    assert transitions.ledger()["imbalance"] == 0


def test_a_cancelled_job_that_is_retried_is_not_cancelled_again(transitions: Transitions) -> None:
    # given a job that was cancelled while it ran
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    transitions.cancel("a")
    worker.finish(claim, Cancelled(PROBLEM))

    # when it runs again and asks for a retry
    transitions.retry("a")
    (again,) = worker.claim()
    assert worker.renew(again) == ["ok"]
    worker.finish(again, Retry(0, PROBLEM))

    # then it waits
    assert transitions.record("a")["state"] == "waiting"


def test_a_retry_wakes_an_idle_worker(transitions: Transitions) -> None:
    run(transitions, "a", Failed(PROBLEM))
    transitions.redis.delete("aw:wake:q")

    transitions.retry("a")

    assert transitions.redis.llen("aw:wake:q") == 1


def test_a_retry_is_refused_when_another_job_has_the_unique_key_by_now(transitions: Transitions) -> None:
    # given a failed job whose unique key another one has taken
    run(transitions, "a", Failed(PROBLEM), unique_key="u")
    transitions.submit(new_job("b", unique_key="u"))
    before = transitions.record("a")

    # when the first is retried
    answer = transitions.retry("a")

    # then it is told who has it, and nothing changes
    assert answer == ("duplicate", "b")
    assert transitions.record("a") == before


def test_a_retry_takes_the_unique_key_back(transitions: Transitions) -> None:
    run(transitions, "a", Failed(PROBLEM), unique_key="u")

    transitions.retry("a")

    (verdict,) = transitions.submit(new_job("b", unique_key="u"))
    assert (verdict.name, verdict.id) == ("duplicate", "a")


def test_only_what_failed_or_was_cancelled_can_be_retried(transitions: Transitions) -> None:
    run(transitions, "done", Done(b"1"))
    transitions.submit(new_job("running"))
    ScriptedWorker(transitions).claim()
    transitions.submit(new_job("waiting"))

    assert [transitions.retry(job_id)[0] for job_id in ("done", "running", "waiting", "unknown")] == [
        "succeeded",
        "unfinished",
        "unfinished",
        "missing",
    ]


def test_a_job_that_failed_for_want_of_a_payload_cannot_be_retried(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    transitions.redis.delete("arq:job:a")
    ScriptedWorker(transitions).step(5)

    assert transitions.retry("a") == ("payload-missing", "")


# ------------------------------------------------------------------------------------------------ sweep


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [(Done(b"1"), 24 * HOUR), (Cancelled(PROBLEM), 24 * HOUR), (Failed(PROBLEM), 14 * 24 * HOUR)],
)
def test_an_ended_job_is_removed_whole_when_its_retention_is_over(
    transitions: Transitions, outcome: Outcome, kept: int
) -> None:
    # given a job that has ended
    run(transitions, "a", outcome)

    # then it stays to the last millisecond
    transitions.advance(kept - 1)
    assert transitions.sweep() == 0
    transitions.advance(1)
    assert transitions.sweep() == 1

    # and then nothing of it is left but its place in the books
    assert not [key for key in transitions.redis.keys("*") if key.endswith((":a", ":succeeded", ":failed"))]
    assert transitions.ledger() | {"accepted": 1, "swept": 1, "imbalance": 0} == transitions.ledger()


def test_what_has_not_ended_is_never_swept(transitions: Transitions) -> None:
    transitions.submit(new_job("running"), new_job("other", Alpha(queue="r")))
    ScriptedWorker(transitions).claim()
    transitions.submit(new_job("scheduled", delay=3600))

    transitions.advance(365 * 24 * HOUR)

    assert transitions.sweep() == 0


def test_one_call_removes_at_most_a_hundred(transitions: Transitions) -> None:
    # given 130 cancelled jobs
    ids = [f"{i:03}" for i in range(130)]
    transitions.submit(*map(new_job, ids[:65]))
    transitions.submit(*map(new_job, ids[65:]))
    for job_id in ids:
        transitions.cancel(job_id)
    transitions.advance(24 * HOUR)

    assert [transitions.sweep() for _ in range(3)] == [100, 30, 0]
    assert transitions.ledger()["imbalance"] == 0
