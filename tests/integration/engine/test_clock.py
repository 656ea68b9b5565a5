"""The engine's time: Redis' clock, which may be set at any moment without jobs being lost, late or taken for dead."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.engine.transitions import PROBLEM, START, ScriptedWorker, Transitions, new_job

from afterwork.engine import keys
from afterwork.engine.work.outcome import Done, Retry

LEASE = 15_000
HOUR = 3_600_000


def engine_time(transitions: Transitions) -> int:
    """As every reader sees it."""
    return int(transitions.call("get", "nobody", "")[0])


def pass_by(transitions: Transitions, milliseconds: int, *, step: int = 1000) -> None:
    """Let time pass, while the duties come around every `step` ms."""
    for _ in range(milliseconds // step):
        transitions.advance(step, is_heard=False)
        transitions.reap(lease=LEASE)


@pytest.fixture
def alive(transitions: Transitions) -> Transitions:
    """Somebody was heard a moment ago."""
    transitions.reap(lease=LEASE)
    return transitions


# ------------------------------------------------------------------------------------------------ set back


def test_after_the_clock_was_set_back_time_goes_on_from_where_it_was(alive: Transitions) -> None:
    alive.advance(-HOUR)

    assert engine_time(alive) == START
    alive.reap(lease=LEASE)
    assert engine_time(alive) == START
    alive.advance(5, is_heard=False)
    assert engine_time(alive) == START + 5


def test_what_is_due_stays_due_and_what_is_not_becomes_so(alive: Transitions) -> None:
    # given a job that is due and one that is due in five seconds
    alive.submit(new_job("now"), new_job("soon", delay=5))

    # when the clock is set back
    alive.advance(-HOUR)

    # then the one runs at once, and the other hardly later than it should
    worker = ScriptedWorker(alive, lease=LEASE)
    assert worker.step(5).ids == ["now"]
    pass_by(alive, 4000)
    assert worker.step(5).ids == []
    pass_by(alive, 2000)
    assert worker.step(5).ids == ["soon"]


def test_a_dead_worker_is_found_after_its_lease_and_a_little_more(alive: Transitions) -> None:
    # given a worker that dies just before the clock is set back
    alive.submit(new_job("a"))
    ScriptedWorker(alive, "dies", lease=LEASE).claim()
    alive.advance(-HOUR)

    # when a lease and a little more has passed
    pass_by(alive, LEASE - 1000)
    assert ScriptedWorker(alive, "early", lease=LEASE).step(5).ids == []
    pass_by(alive, 4000)

    # then its job goes on elsewhere
    (claim,) = ScriptedWorker(alive, "next", lease=LEASE).claim()
    assert (claim.id, claim.deaths) == ("a", 1)


def test_a_living_worker_keeps_its_jobs(alive: Transitions) -> None:
    worker = ScriptedWorker(alive, lease=LEASE)
    alive.submit(new_job("a"))
    (claim,) = worker.claim()
    alive.advance(-HOUR)

    for _ in range(10):
        pass_by(alive, LEASE // 3)
        assert worker.renew(claim) == ["ok"]

    assert worker.finish(claim, Done(b"1")) == "ok"
    assert alive.record("a")["deaths"] == "0"


@pytest.mark.parametrize("step", [1, 7, 100, 3700])
def test_the_clock_is_let_catch_up_by_a_tenth_of_the_time_however_busy_redis_is(
    alive: Transitions, step: int
) -> None:
    # given a clock that was set back by two seconds
    alive.advance(-2000)
    alive.reap(lease=LEASE)
    began = alive.now

    # when six seconds pass, heard in steps of this length
    pass_by(alive, 6000, step=step)
    passed = alive.now - began

    # then our time has lost between a twentieth and a tenth of them, and in the end all of it
    assert 2000 - passed / 10 - 1 <= engine_time(alive) - alive.now <= 2000 - passed / 20 + 1
    pass_by(alive, 45_000, step=max(step, 100))
    assert engine_time(alive) == alive.now
    assert alive.redis.hget(keys.PULSE, "ahead") == "0"


def test_jobs_are_listed_in_the_order_in_which_they_came_while_the_clock_catches_up(
    alive: Transitions,
) -> None:
    # given a clock that was set back
    alive.advance(-HOUR)
    alive.reap(lease=LEASE)

    # when jobs come just before and just after each look of the duties
    ids = []
    for turn in range(20):
        alive.advance(3000, is_heard=False)
        alive.submit(new_job(f"{turn:02}-a"))
        alive.reap(lease=LEASE)
        alive.advance(1, is_heard=False)
        alive.submit(new_job(f"{turn:02}-b"))
        ids += [f"{turn:02}-a", f"{turn:02}-b"]

    # then each is younger than the one before
    created = [int(alive.record(job_id)["created"]) for job_id in ids]
    assert created == sorted(created)
    assert alive.list_ids() == ids[::-1]


def test_attempts_end_after_they_begin_and_versions_grow(alive: Transitions) -> None:
    # given a job that runs while the clock is set back again and again
    worker = ScriptedWorker(alive, lease=LEASE)
    alive.submit(new_job("a"))
    for jump in (-HOUR, -5, -HOUR, 3):
        alive.advance(10)
        (claim,) = worker.claim()
        alive.advance(jump, is_heard=False)
        worker.finish(claim, Retry(0, PROBLEM))

    # then its history is in order
    entries = [entry.split("\n") for entry in alive.redis.lrange("aw:history:a", 0, -1)]
    times = list(itertools.chain.from_iterable((int(entry[1]), int(entry[2])) for entry in entries))
    assert times == sorted(times)
    assert [version for version, _ in alive.states("a")] == list(range(1, 10))


def test_a_delay_is_kept_although_nobody_but_the_client_was_heard_yet(transitions: Transitions) -> None:
    # given a new server, a job for in three seconds, and a clock that is set back before a worker comes
    transitions.submit(new_job("a", delay=3))
    transitions.advance(-HOUR)

    # then the worker runs it in time
    worker = ScriptedWorker(transitions, lease=LEASE)
    assert worker.step(5).ids == []
    pass_by(transitions, 4000)
    assert worker.step(5).ids == ["a"]


# ------------------------------------------------------------------------------------------------ set forward


def test_a_clock_that_is_set_forward_kills_nobody_who_renews_within_a_lease(alive: Transitions) -> None:
    # given a worker that lives and one that is dead, each with a job
    alive.submit(new_job("lives"))
    worker = ScriptedWorker(alive, "lives", lease=LEASE)
    (claim,) = worker.claim()
    alive.submit(new_job("dies"))
    ScriptedWorker(alive, "dies", lease=LEASE).claim()

    # when the clock is set forward, and others look first
    alive.advance(HOUR, is_heard=False)
    alive.reap(lease=LEASE)
    pass_by(alive, LEASE // 3)
    assert worker.renew(claim) == ["ok"]

    # then only the dead one loses its job, a lease after the jump
    pass_by(alive, 2 * LEASE // 3)
    assert ScriptedWorker(alive, "next", lease=LEASE).step(5).ids == ["dies"]
    assert worker.finish(claim, Done(b"1")) == "ok"
    assert alive.record("lives")["deaths"] == "0"


def test_a_clock_that_is_put_right_after_it_was_set_back_is_right_at_once(alive: Transitions) -> None:
    # given a clock that is an hour late, while our time goes on
    alive.advance(-HOUR)
    pass_by(alive, 10_000)
    assert engine_time(alive) - alive.now > HOUR - 2000

    # when it is put right
    alive.advance(HOUR, is_heard=False)
    alive.reap(lease=LEASE)

    # then so is our time, and not an hour ahead
    assert engine_time(alive) == alive.now
    alive.submit(new_job("a", delay=1))
    assert alive.record("a")["due"] == str(alive.now + 1000)


@pytest.mark.parametrize("first", ["client", "worker"])
def test_a_clock_that_goes_to_and_fro_does_not_run_away(alive: Transitions, first: str) -> None:
    # given a clock that is set forward and back, whoever notices first
    for turn, jump in enumerate((HOUR, -HOUR, -HOUR, HOUR) * 3):
        alive.advance(jump, is_heard=False)
        if first == "client":
            alive.submit(new_job(f"{turn:02}"))
        alive.reap(lease=LEASE)
        pass_by(alive, 3000)

    # then our time is no further ahead than the clock ever was
    assert engine_time(alive) - START <= HOUR + 12 * 3000


def test_a_silence_of_redis_lets_our_time_catch_up_without_going_back(alive: Transitions) -> None:
    alive.advance(-HOUR)
    alive.reap(lease=LEASE)
    alive.advance(LEASE, is_heard=False)

    alive.reap(lease=LEASE)

    assert engine_time(alive) == START


# ------------------------------------------------------------------------------------------------ any


MOVES = st.tuples(
    st.booleans(), st.sampled_from([0, 1, 9, 400, 8000, 90_000, HOUR]), st.sampled_from(["reap", "submit"])
)


@given(moves=st.lists(MOVES, max_size=30))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
def test_time_never_goes_back_however_the_clock_is_set(
    transitions: Transitions, moves: list[tuple[bool, int, str]]
) -> None:
    # given a server on which something was written
    transitions.redis.flushall()
    transitions.set_clock(START)
    transitions.submit(new_job("first"))

    # when its clock is set, and something is written after each time
    seen = [START]
    for turn, (is_forward, milliseconds, deed) in enumerate(moves):
        transitions.advance(milliseconds if is_forward else -milliseconds, is_heard=False)
        if deed == "reap":
            transitions.reap(lease=LEASE)
        else:
            transitions.submit(new_job(f"{turn:02}"))
            seen.append(int(transitions.record(f"{turn:02}")["created"]))
        seen.append(engine_time(transitions))

    # then nobody was told an earlier time than anybody before
    assert seen == sorted(seen)
    assert seen[-1] >= transitions.now
