"""step.lua: what a worker may claim, in which order, and what stands in the way."""

import pytest
from tests.integration.engine.transitions import Alpha, Beta, ScriptedWorker, Transitions, new_job

MINUTE = 60_000
KIB = 1024


def submit_one_by_one(transitions: Transitions, *ids: str, priority: str = "normal") -> None:
    """Each a millisecond after the other."""
    for job_id in ids:
        transitions.submit(new_job(job_id, priority=priority))
        transitions.advance(1)


# ------------------------------------------------------------------------------------------------ which


def test_jobs_are_claimed_in_the_order_in_which_they_were_accepted(transitions: Transitions) -> None:
    submit_one_by_one(transitions, "c", "a", "b")

    assert ScriptedWorker(transitions).step(2).ids == ["c", "a"]


def test_only_what_is_due_is_claimed(transitions: Transitions) -> None:
    # given one job due now and one in a second
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("later", delay=1), new_job("now"))

    # then only the first is claimed, and the second when its time has come, not a millisecond before
    assert worker.step(5).ids == ["now"]
    transitions.advance(999)
    assert worker.step(5).ids == []
    transitions.advance(1)
    assert worker.step(5).ids == ["later"]


def test_only_jobs_of_the_workers_own_kinds_and_queue_are_claimed(transitions: Transitions) -> None:
    transitions.submit(new_job("alpha"), new_job("beta", Beta()), new_job("elsewhere", Alpha(queue="r")))

    assert ScriptedWorker(transitions, kinds=[Beta]).step(5).ids == ["beta"]
    assert ScriptedWorker(transitions, "other", queue="r").step(5).ids == ["elsewhere"]


def test_the_oldest_of_all_kinds_comes_first(transitions: Transitions) -> None:
    for job_id, kind in [("1", Beta), ("2", Alpha), ("3", Beta), ("4", Alpha)]:
        transitions.submit(new_job(job_id, kind()))
        transitions.advance(1)

    assert ScriptedWorker(transitions).step(4).ids == ["1", "2", "3", "4"]


def test_priority_is_a_head_start_of_ten_minutes_which_overtakes_and_never_starves(
    transitions: Transitions,
) -> None:
    # given a low and a normal job that have waited
    transitions.submit(new_job("low", priority="low"))
    transitions.submit(new_job("normal"))

    # when high ones arrive shortly before and after they have waited as long as the head start
    transitions.advance(10 * MINUTE - 1)
    transitions.submit(new_job("high 1", priority="high"))
    transitions.advance(2)
    transitions.submit(new_job("high 2", priority="high"))
    transitions.advance(10 * MINUTE)
    transitions.submit(new_job("high 3", priority="high"))

    # then each overtakes ten minutes of waiting, and no more
    assert ScriptedWorker(transitions).step(5).ids == ["high 1", "normal", "high 2", "low", "high 3"]


def test_running_jobs_hide_nobody(transitions: Transitions) -> None:
    # given more running jobs than one call looks at, all in one lane, older than what waits
    worker = ScriptedWorker(transitions)
    for batch in range(4):
        transitions.submit(*(new_job(f"{batch}-{i:02}") for i in range(50)))
        assert len(worker.claim(50)) == 50

    # when more come
    transitions.submit(new_job("x"), new_job("y"))

    # then they are claimed at once
    assert ScriptedWorker(transitions, "other").step(2).ids == ["x", "y"]


def test_no_more_is_claimed_than_there_are_slots_and_the_rest_wakes_another_worker(
    transitions: Transitions,
) -> None:
    # given 70 due jobs and no token
    transitions.submit(*(new_job(f"{i:02}") for i in range(64)))
    transitions.submit(*(new_job(f"{i:02}") for i in range(64, 70)))
    transitions.redis.delete("aw:wake:q")

    # when a worker takes as many as one call may hold
    reply = ScriptedWorker(transitions).step(64)

    # then it has 64, there is more to do at once, and somebody else is woken
    assert (len(reply.claims), reply.next_due) == (64, 0)
    assert transitions.redis.llen("aw:wake:q") == 1
    assert ScriptedWorker(transitions, "other").step(64).ids == [f"{i:02}" for i in range(64, 70)]


@pytest.mark.parametrize(
    ("sizes", "first_call"),
    [
        ([100, 100, 100], 2),
        ([300, 1], 1),
        ([1, 300], 1),
        ([1, 1, 300, 1], 2),
        ([200, 50, 1], 3),
    ],
)
def test_one_call_hands_out_at_most_256_kib_or_one_larger_job_alone(
    transitions: Transitions, sizes: list[int], first_call: int
) -> None:
    # given jobs with payloads of so many KiB
    for i, size in enumerate(sizes):
        transitions.submit(new_job(str(i), Alpha(text="x" * (size * KIB - 200))))
        transitions.advance(1)

    # when a worker claims
    worker = ScriptedWorker(transitions)
    claims = worker.step(10).claims

    # then it gets what fits, in order, and the rest later
    assert [claim.id for claim in claims] == [str(i) for i in range(first_call)]
    rest = [claim.id for _ in sizes for claim in worker.step(10).claims]
    assert rest == [str(i) for i in range(first_call, len(sizes))]


def test_a_step_tells_when_the_next_job_is_due(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    assert worker.step(5).next_due == -1

    transitions.submit(new_job("later", delay=5), new_job("even later", Beta(), delay=7, priority="low"))

    assert worker.step(5).next_due == 5000
    assert ScriptedWorker(transitions, "other", kinds=[Beta]).step(5).next_due == 7000


# ------------------------------------------------------------------------------------------------ obstacles


def test_a_lock_of_a_stock_worker_puts_the_job_off_for_five_seconds(transitions: Transitions) -> None:
    # given a job that a stock ARQ worker is running
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("locked"))
    transitions.advance(1)
    transitions.submit(new_job("free"))
    transitions.redis.set("arq:in-progress:locked", "1", px=60_000)

    # when ours claims
    reply = worker.step(5)

    # then it gets the other one and looks again in five seconds, when the lock is gone
    assert reply.ids == ["free"]
    transitions.redis.delete("arq:in-progress:locked")
    transitions.advance(4998)
    assert worker.step(5).ids == []
    transitions.advance(2)
    assert worker.step(5).ids == ["locked"]


def test_a_job_without_payload_fails_as_undecodable(transitions: Transitions) -> None:
    transitions.submit(new_job("a"), new_job("b"))
    transitions.redis.delete("arq:job:a")

    assert ScriptedWorker(transitions).step(5).ids == ["b"]
    assert transitions.record("a")["state"] == "failed"
    assert '"type":"/problems/undecodable"' in str(transitions.redis.get("arq:result:a"))
    assert transitions.ledger()["imbalance"] == 0
