"""Leases that lapse: bad luck once, a suspect the second time, the culprit the third; and respite after an outage."""

import pytest
from tests.integration.engine.transitions import PROBLEM, START, ScriptedWorker, Transitions, new_job

from afterwork.engine.jobs import records
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.outcome import Done, Retry

LEASE = 1000


def worker(transitions: Transitions, name: str = "w") -> ScriptedWorker:
    return ScriptedWorker(transitions, name, lease=LEASE)


def claim_and_die(transitions: Transitions, name: str) -> list[Claim]:
    """A worker claims what is due, and then nothing is heard of it for a lease."""
    claims = worker(transitions, name).claim()
    transitions.advance(LEASE)
    return claims


def history(transitions: Transitions, job_id: str) -> list[list[str]]:
    """attempt, started, finished, worker, versions of begin and end, state after, error."""
    return [entry.split("\n") for entry in transitions.redis.lrange(f"aw:history:{job_id}", 0, -1)]


def test_a_lease_holds_until_its_end(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    worker(transitions, "first").claim()

    second = worker(transitions, "second")
    transitions.advance(LEASE - 1)
    assert second.step(5).ids == []
    transitions.advance(1)
    assert second.step(5).ids == ["a"]


def test_a_renewed_lease_holds_longer(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    first = worker(transitions, "first")
    claims = first.claim()
    transitions.advance(LEASE - 1)

    assert first.renew(*claims) == ["ok"]

    transitions.advance(LEASE - 1)
    assert worker(transitions, "second").step(5).ids == []
    assert transitions.redis.pttl("arq:in-progress:a") > 0


def test_the_first_death_puts_the_job_back_at_once_and_is_no_attempt(transitions: Transitions) -> None:
    # given a worker that died under a job, and a younger job
    transitions.submit(new_job("a"))
    claim_and_die(transitions, "first")
    transitions.submit(new_job("b"))

    # when another worker claims
    claims = worker(transitions, "second").claim()

    # then it has the job before the younger one, as the first attempt still, and history tells of the death
    assert [(claim.id, claim.attempt, claim.deaths, claim.is_suspect) for claim in claims] == [
        ("a", 1, 1, False),
        ("b", 1, 0, False),
    ]
    assert history(transitions, "a") == [
        ["1", str(START), str(START + LEASE), "first", "2", "3", "queued", "worker-lost"]
    ]


def test_all_jobs_of_a_dead_worker_run_again_at_once(transitions: Transitions) -> None:
    transitions.submit(*(new_job(f"{i:02}") for i in range(60)))
    claim_and_die(transitions, "first")

    assert len(worker(transitions, "second").claim()) == 60


def test_more_lapsed_leases_than_one_call_takes_back_are_taken_back_by_the_next(
    transitions: Transitions,
) -> None:
    # given a worker of concurrency 100 that died
    first = worker(transitions, "first")
    for batch in "ab":
        transitions.submit(*(new_job(f"{batch}{i:02}") for i in range(50)))
        assert len(first.claim()) == 50
    transitions.advance(LEASE)

    # when another one of the same size steps
    second = worker(transitions, "second")
    claims = second.claim() + second.claim()

    # then it has all of them, each once, as first attempts after one death
    assert len({claim.id for claim in claims}) == 100
    assert {(claim.attempt, claim.deaths) for claim in claims} == {(1, 1)}
    assert transitions.ledger() | {"running": 100, "imbalance": 0} == transitions.ledger()


def test_suspects_run_one_at_a_time_per_worker(transitions: Transitions) -> None:
    # given three jobs under which two workers died
    transitions.submit(*(new_job(job_id) for job_id in "abc"))
    claim_and_die(transitions, "first")
    claim_and_die(transitions, "second")
    transitions.submit(new_job("innocent"))

    # when a third worker claims
    third = worker(transitions, "third")
    reply = third.step(5)

    # then it has one suspect beside the others, and no further one while that runs
    assert reply.ids == ["a", "innocent"]
    assert [claim.is_suspect for claim in reply.claims] == [True, False]
    assert third.step(5, suspect_running=True).ids == []
    assert worker(transitions, "fourth").step(5).ids == ["b"]
    assert transitions.ledger()["imbalance"] == 0


def test_due_suspects_are_counted_as_due_with_their_age(transitions: Transitions) -> None:
    # given two suspects, of which one has run since
    transitions.submit(new_job("a"), new_job("b"))
    claim_and_die(transitions, "first")
    claim_and_die(transitions, "second")
    worker(transitions, "third").claim()

    # when the queues are looked at
    (queue,) = records.queues_from(transitions.call("queues"))

    # then the other one is due, and has been since it was submitted
    assert (queue.suspects, queue.due, queue.running) == (2, 1, 1)
    assert queue.oldest_due_age == 2 * LEASE / 1000


def test_a_suspect_that_behaves_ends_well(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    claim_and_die(transitions, "first")
    claim_and_die(transitions, "second")
    third = worker(transitions, "third")
    (claim,) = third.claim()

    assert third.finish(claim, Done(b"1")) == "ok"
    assert transitions.record("a")["state"] == "succeeded"
    assert transitions.redis.exists("aw:suspects:q") == 0


def test_a_suspect_that_fails_is_retried_as_a_suspect(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    claim_and_die(transitions, "first")
    claim_and_die(transitions, "second")
    third = worker(transitions, "third")
    (claim,) = third.claim()

    third.finish(claim, Retry(0, PROBLEM))

    (again,) = third.claim()
    assert (again.is_suspect, again.attempt, again.deaths) == (True, 2, 2)


def test_the_third_death_ends_the_job_as_worker_lost(transitions: Transitions) -> None:
    # given a job that kills its workers
    transitions.submit(new_job("a"), new_job("b"))
    for name in ("first", "second", "third"):
        claim_and_die(transitions, name)

    # when somebody looks
    fourth = worker(transitions, "fourth")
    ids = fourth.step(5).ids

    # then the one suspect that ran has failed, and the other one, innocent since, goes on
    assert ids == ["b"]
    record = transitions.record("a")
    assert (record["state"], record["deaths"]) == ("failed", "3")
    assert '"type":"/problems/worker-lost"' in str(transitions.redis.get("arq:result:a"))
    assert [(entry[3], *entry[6:]) for entry in history(transitions, "a")] == [
        ("first", "queued", "worker-lost"),
        ("second", "queued", "worker-lost"),
        ("third", "failed", "worker-lost"),
    ]


@pytest.mark.parametrize("deaths_before", [0, 1, 2])
def test_a_job_that_was_to_be_cancelled_ends_cancelled_when_its_worker_dies(
    transitions: Transitions, deaths_before: int
) -> None:
    # given a running job that was cancelled, and its worker dead
    transitions.submit(new_job("a"))
    for i in range(deaths_before):
        claim_and_die(transitions, f"earlier {i}")
    worker(transitions, "last").claim()
    assert transitions.cancel("a") == "requested"
    transitions.advance(LEASE)

    # when somebody looks
    transitions.reap()

    # then it is cancelled
    assert transitions.record("a")["state"] == "cancelled"
    assert transitions.ledger()["imbalance"] == 0


def test_what_a_dead_worker_finishes_late_changes_nothing(transitions: Transitions) -> None:
    # given a worker frozen beyond its lease, and its job taken back
    transitions.submit(new_job("a"))
    frozen = worker(transitions, "frozen")
    (stale,) = frozen.claim()
    transitions.advance(LEASE)
    transitions.reap()

    # when it continues
    answers = [*frozen.renew(stale), frozen.finish(stale, Done(b"1")), str(frozen.release(stale))]

    # then it hears that it has lost the job
    assert answers == ["lost", "lost", "0"]
    assert transitions.record("a")["state"] == "waiting"


def test_leases_are_taken_back_when_nobody_claims(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    claim_and_die(transitions, "first")

    assert transitions.reap() == 1
    assert transitions.record("a")["state"] == "waiting"
    assert transitions.reap() == 0


def test_a_released_job_is_neither_a_death_nor_an_attempt(transitions: Transitions) -> None:
    first = worker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = first.claim()

    assert first.release(claim) == 1

    record = transitions.record("a")
    assert (record["state"], record["attempt"], record["deaths"]) == ("waiting", "0", "0")
    assert [entry[6:] for entry in history(transitions, "a")] == [["queued", "released"]]
    assert records.job_from("a", transitions.call("get", "a", "")).history == []
    assert first.release(claim) == 0


@pytest.mark.parametrize("by", ["step", "reap", "renew"])
def test_when_nobody_was_heard_redis_was_away_and_lapsed_leases_hold_for_another(
    transitions: Transitions, by: str
) -> None:
    # given a lease that lapsed while Redis was away, or frozen, for everyone
    transitions.submit(new_job("a"), new_job("b"))
    first, second = worker(transitions, "first"), worker(transitions, "second")
    (claim,) = first.claim(1)
    other = second.claim()
    transitions.advance(20 * LEASE, is_heard=False)

    # when somebody else is heard first, such as by a call that waited in a frozen server's socket
    match by:
        case "step":
            assert worker(transitions, "third").step(5).ids == []
        case "reap":
            transitions.reap()
        case "renew":
            assert second.renew(*other) == ["ok"]
    transitions.reap()

    # then the holder has a lease's time to renew
    transitions.advance(LEASE - 1)
    transitions.reap()
    assert first.renew(claim) == ["ok"]
    assert transitions.record("a")["deaths"] == "0"


def test_a_respite_is_given_once_and_not_prolonged(transitions: Transitions) -> None:
    # given a worker that died while Redis was away
    transitions.submit(new_job("a"))
    worker(transitions, "first").claim()
    transitions.advance(20 * LEASE, is_heard=False)

    # when others go on and look again and again
    for _ in range(4):
        transitions.reap()
        transitions.advance(LEASE // 4)
    transitions.reap()

    # then its job is taken back after that one lease
    assert transitions.record("a")["deaths"] == "1"


def test_a_short_silence_is_no_outage(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    worker(transitions, "first").claim()
    transitions.advance(LEASE * 3 // 4)
    transitions.advance(LEASE // 4, is_heard=False)

    assert worker(transitions, "second").step(5).ids == ["a"]
