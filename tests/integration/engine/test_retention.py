"""Retention: how long ended jobs are kept, by state, by wish and by number."""

import pytest
from tests.integration.engine.transitions import PROBLEM, ScriptedWorker, Transitions, new_job

from afterwork.engine import JobClient, keys
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome

HOUR = 3_600_000


def end(
    transitions: Transitions, *ids: str, outcome: Outcome | None = None, retention: float | None = None
) -> None:
    """Each ends a millisecond after the other."""
    worker = ScriptedWorker(transitions, f"ends {ids[0]}")
    for job_id in ids:
        transitions.submit(new_job(job_id, retention=retention))
        (claim,) = worker.claim()
        worker.finish(claim, outcome or Done(b"1"))
        transitions.advance(1)


@pytest.mark.parametrize("outcome", [Done(b"1"), Failed(PROBLEM), Cancelled(PROBLEM)])
@pytest.mark.parametrize("seconds", [1.5, 30 * 24 * 3600.0])
def test_a_job_is_kept_as_long_as_it_was_asked_for_whatever_became_of_it(
    transitions: Transitions, outcome: Outcome, seconds: float
) -> None:
    # given a job that ends
    end(transitions, "a", outcome=outcome, retention=seconds)

    # then it is kept to the last millisecond of its own time
    transitions.advance(round(seconds * 1000) - 2)
    assert transitions.sweep() == 0
    transitions.advance(1)
    assert transitions.sweep() == 1
    assert transitions.record("a") == {}


def test_the_time_counts_from_the_end_also_of_a_job_that_is_retried(transitions: Transitions) -> None:
    end(transitions, "a", outcome=Failed(PROBLEM), retention=5)
    transitions.advance(4000)
    transitions.retry("a")
    transitions.advance(4000)
    assert transitions.sweep() == 0

    transitions.cancel("a")
    transitions.advance(4999)
    assert transitions.sweep() == 0
    transitions.advance(1)
    assert transitions.sweep() == 1


def test_of_more_ended_jobs_than_are_kept_those_go_whose_time_ends_first(transitions: Transitions) -> None:
    # given five that succeeded one after the other, one that failed before and one that waits
    end(transitions, "failed", outcome=Failed(PROBLEM))
    end(transitions, *(f"{i}" for i in range(5)))
    transitions.submit(new_job("waits"))

    # when three are kept
    assert transitions.sweep(3) == 3

    # then the oldest successes are gone, and not what failed, which is kept for longer
    assert transitions.list_ids() == ["waits", "4", "3", "failed"]
    assert transitions.sweep(3) == 0
    assert transitions.ledger() | {"swept": 3, "imbalance": 0} == transitions.ledger()


def test_what_has_not_ended_does_not_count_and_is_never_removed(transitions: Transitions) -> None:
    transitions.submit(new_job("running"), new_job("waiting"), new_job("later", delay=60))
    ScriptedWorker(transitions).claim(1)

    assert transitions.sweep(0) == 0


@pytest.mark.parametrize(("kept", "removed"), [(0, [100, 30, 0]), (20, [100, 10, 0]), (130, [0])])
def test_one_call_removes_at_most_a_hundred_of_those_that_are_too_many(
    transitions: Transitions, kept: int, removed: list[int]
) -> None:
    for part in range(2):
        transitions.submit(*(new_job(f"{part}-{i:02}") for i in range(65)))
        for i in range(65):
            transitions.cancel(f"{part}-{i:02}")

    assert [transitions.sweep(kept) for _ in removed] == removed
    assert transitions.ledger()["imbalance"] == 0


def test_what_is_over_goes_also_when_there_are_not_too_many(transitions: Transitions) -> None:
    # given two whose time is over and three whose time is not
    end(transitions, "a", "b")
    transitions.advance(24 * HOUR)
    end(transitions, "c", "d", "e")

    # then the greater of both reasons decides how many go
    assert transitions.sweep(4) == 2
    assert transitions.sweep(1) == 2
    assert transitions.list_ids() == ["e"]


def test_with_a_job_goes_all_that_was_kept_of_it(transitions: Transitions) -> None:
    # given a job that used everything there is
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a", tags=["x"], unique_key="u", start_before=transitions.now + 1000))
    (claim,) = worker.claim()
    worker.report(claim, b'{"done":1}', "a line")
    worker.checkpoint(claim, b"7")
    worker.finish(claim, Failed(PROBLEM))

    # when it is swept
    assert transitions.sweep(0) == 1

    # then no key names it any more
    left = {key for key in transitions.redis.keys("*") if not key.startswith("aw:step:w:")}
    assert not [key for key in left if key.endswith((":a", ":x", ":u"))]
    assert left <= {
        "aw:events",
        "aw:ledger",
        "aw:queues",
        "aw:lanes:q",
        "aw:pulse",
        "aw:wake:q",
        "aw:test:now",
    }


async def test_the_client_says_how_many_are_kept(client: JobClient, worker: ScriptedWorker) -> None:
    submitted = [await client.submit(kind()) for kind in worker.kinds]
    for claim in worker.claim():
        worker.finish(claim, Done(b"1"))

    assert await client.sweep(max_finished=2) == 0
    assert await client.sweep(max_finished=1) == 1
    assert (await client.ledger()).succeeded == len(submitted) - 1
    assert keys.MAX_FINISHED == 1_000_000
