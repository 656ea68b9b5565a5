"""A key that somebody has made something else than the engine keeps there costs no more than what it was for."""

from collections.abc import Callable
from typing import Any

import pytest
from redis.exceptions import ResponseError
from structlog.testing import capture_logs
from tests.integration.engine.followed import beta, done, started
from tests.integration.engine.test_duties import until
from tests.integration.engine.transitions import (
    PROBLEM,
    Alpha,
    Beta,
    ScriptedWorker,
    Transitions,
    new_job,
)
from tests.servers import RedisServer

from afterwork.engine import Duties, JobClient, keys
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.outcome import Done, Retry

LANE = "aw:lane:q:alpha.run:normal"
LEASE = 60_000


def overwrite(transitions: Transitions, key: str) -> None:
    """As `SET` and `HSET` of somebody who takes the key for his own, in a type that nothing of ours has there."""
    is_text = transitions.redis.type(key) == "string"
    transitions.redis.delete(key)
    if is_text or key.startswith((keys.STEP, keys.CHECKPOINT, keys.THEN, keys.UNIQUE)):
        transitions.redis.sadd(key, "not ours")
    else:
        transitions.redis.set(key, "not ours")


def mend(transitions: Transitions) -> list[str]:
    """Go on until nothing is left to be mended; the keys that are broken still."""
    while True:
        looked, broken = transitions.call("mend")
        if looked == 0:
            return [key.decode() for key in broken]


# ----------------------------------------------------------------------------------------------- places


def test_the_other_lanes_go_on_and_what_belongs_into_the_broken_one_waits_for_it(
    transitions: Transitions,
) -> None:
    # given a job that runs and 200 that wait, when somebody writes over their lane
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("runs"))
    (claim,) = worker.claim()
    transitions.submit(new_job("other", Beta()), *(new_job(f"waits-{i}") for i in range(60)))
    for part in range(3):
        transitions.submit(*(new_job(f"{part}-{i}") for i in range(50)))
    overwrite(transitions, LANE)

    # then another lane's job runs, one is accepted, and one is put back
    assert worker.step(64).ids == ["other"]
    transitions.submit(new_job("new"), new_job("later", delay=1))
    assert worker.finish(claim, Retry(0, PROBLEM)) == "ok"
    assert (worker.step(64).ids, mend(transitions)) == ([], [LANE])
    assert transitions.ledger()["imbalance"] == 213

    # and when the key is gone, all of them run, those first that were due first
    transitions.redis.delete(LANE)
    assert mend(transitions) == []
    assert transitions.ledger()["imbalance"] == 0
    assert transitions.redis.exists(keys.BROKEN, keys.MENDING) == 0
    assert transitions.redis.llen("aw:wake:q") == 1
    claimed = [job_id for _ in range(4) for job_id in worker.step(64).ids]
    assert (len(claimed), len(set(claimed)), "later" in claimed) == (212, 212, False)
    transitions.advance(1000)
    assert worker.step(64).ids == ["later"]


def test_a_lane_that_is_broken_puts_no_worker_into_a_hurry(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))
    overwrite(transitions, LANE)

    assert ScriptedWorker(transitions).step(1).next_due == -1


def test_a_job_that_stands_in_its_lane_is_not_moved_by_mending(transitions: Transitions) -> None:
    # given a job that was cancelled and one that waits, when they lost their lane for a while
    transitions.submit(new_job("kept", delay=5), new_job("gone"))
    members = transitions.redis.zrange(LANE, 0, -1, withscores=True)
    overwrite(transitions, LANE)
    transitions.cancel("gone")

    # and the lane is there again as it was
    transitions.redis.delete(LANE)
    transitions.redis.zadd(LANE, dict(members))

    # then mending leaves it alone, and claiming removes what does not belong there
    assert mend(transitions) == []
    assert transitions.redis.zrange(LANE, 0, -1, withscores=True) == members
    assert ScriptedWorker(transitions).step(5).ids == []
    assert transitions.redis.zrange(LANE, 0, -1) == ["kept"]


def test_suspects_get_their_place_back(transitions: Transitions) -> None:
    # given a job under which two workers have died
    transitions.submit(new_job("a"), new_job("innocent", Beta(), delay=1))
    for name in ("first", "second"):
        ScriptedWorker(transitions, name).claim(1)
        transitions.advance(LEASE + 1)
        ScriptedWorker(transitions, name).step()
    overwrite(transitions, "aw:suspects:q")

    # then others run
    worker = ScriptedWorker(transitions)
    assert worker.step(5).ids == ["innocent"]
    assert mend(transitions) == ["aw:suspects:q"]

    # and it runs when the key is gone
    transitions.redis.delete("aw:suspects:q")
    mend(transitions)
    assert worker.step(5).ids == ["a"]


# ---------------------------------------------------------------------------------------- all other keys


@pytest.mark.parametrize(
    "key",
    [
        *("aw:limits:q", "aw:suspects:q", "aw:leases:q", "aw:claimed:q:alpha.run", "aw:wake:q"),
        *("aw:ix:q:alpha.run:waiting", "aw:ix:q:alpha.run:running", "aw:ix:q:alpha.run:succeeded"),
        *("aw:lane:q:alpha.run:high", "aw:lane:q:beta.run:normal", "aw:expiry", "aw:start-before"),
        *("aw:events", "aw:step:w:0", "aw:step:w:1", "aw:tag:blue", "aw:history:a", "aw:log:a"),
        *("aw:broken", "aw:mending", "aw:job:b", "aw:then:b", "aw:unique::alpha.run:u", "arq:abort"),
    ],
)
def test_a_job_goes_its_way_whichever_other_key_is_broken(transitions: Transitions, key: str) -> None:
    # given a limit, a job that is due before all others and has what a job can have, and a broken key
    transitions.call("declare", "q", "alpha.run", "9 9", "beta.run", "")
    transitions.submit(new_job("b", Beta(), unique_key="u", tags=["blue"], then=[beta()]))
    overwrite(transitions, key)

    # when another job is submitted, claimed, put back, claimed again and finished
    worker = ScriptedWorker(transitions, kinds=(Alpha,))
    transitions.submit(
        new_job("a", tags=["blue"], unique_key="u", start_before=4_000_000_000_000, retention=1)
    )
    (claim,) = worker.claim()
    overwrite(transitions, key)
    worker.report(claim, b"1", "a line")
    assert worker.finish(claim, Retry(0, PROBLEM)) == "ok"
    ScriptedWorker(transitions, "other", kinds=(Beta,)).claim()
    (claim,) = worker.claim()
    assert worker.finish(claim, Done(b"1")) == "ok"
    transitions.reap()
    mend(transitions)

    # then it has succeeded
    assert transitions.record("a")["state"] == "succeeded"
    assert transitions.redis.exists("arq:result:a")


@pytest.mark.parametrize(
    "damage",
    [
        lambda redis: (redis.delete("aw:job:b"), redis.set("aw:job:b", "not ours")),
        lambda redis: redis.hdel("aw:job:b", "due"),
        lambda redis: redis.hset("aw:job:b", "due", "x"),
    ],
)
def test_a_record_that_cannot_be_worked_with_is_looked_at_again_after_a_lease(
    transitions: Transitions, damage: Callable[[Any], object]
) -> None:
    # given a due job whose record is broken, before another one
    transitions.submit(new_job("b"))
    transitions.submit(new_job("a"))
    record = transitions.redis.hgetall("aw:job:b")
    damage(transitions.redis)

    # then the other one runs, and the worker is not called again for the broken one's sake
    worker = ScriptedWorker(transitions)
    step = worker.step(5)
    assert (step.ids, step.next_due > LEASE / 2, mend(transitions)) == (["a"], True, ["aw:job:b"])
    worker.finish(step.claims[0], Done(b"1"))

    # and that runs once its record is there again
    transitions.redis.delete("aw:job:b")
    transitions.redis.hset("aw:job:b", mapping=record)
    transitions.advance(LEASE)
    assert worker.step(5).ids == ["b"]


def test_what_a_step_did_before_it_broke_off_agrees_with_itself(transitions: Transitions) -> None:
    # given two jobs that run, and a key without which no more jobs can be counted
    worker, claim = started(transitions, beta())
    transitions.submit(new_job("b"))
    (other,) = worker.claim()
    transitions.redis.delete(keys.LEDGER)
    transitions.redis.set(keys.LEDGER, "not ours")

    # when the step in which one ends breaks off at the other's follow-up
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        worker.step(0, [Finish(other, Done(b"1")), Finish(claim, done(claim))])

    # then the first has ended in every place, as its worker will hear when it asks again
    assert transitions.record("b")["state"] == "succeeded"
    assert transitions.redis.zscore("aw:leases:q", "b") is None
    assert transitions.redis.zscore(LANE, "b") is None
    assert "b" in transitions.redis.zrange("aw:ix:q:alpha.run:succeeded", 0, -1)
    assert transitions.redis.zrange("aw:ix:q:alpha.run:running", 0, -1) == []
    transitions.redis.delete(keys.LEDGER)
    assert worker.repeat().verdicts == ["already", "already"]


# ------------------------------------------------------------------------------------------------ the log


async def test_the_duties_say_it_once_and_put_jobs_back(
    engine_server: RedisServer, transitions: Transitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a lane that was met broken
    transitions.use_real_clock()
    transitions.submit(new_job("a"))
    overwrite(transitions, LANE)
    transitions.submit(new_job("b"))
    rounds = 0

    async def counted(self: JobClient) -> tuple[int, set[bytes]]:
        nonlocal rounds
        rounds += 1
        return await original(self)

    original = JobClient.mend
    monkeypatch.setattr(JobClient, "mend", counted)

    # when the duties come around several times
    with capture_logs() as lines:
        async with JobClient.connect(engine_server.url) as client, Duties(client, lease=0.2):
            await until(lambda: rounds > 3)
            transitions.redis.delete(LANE)
            await until(lambda: transitions.redis.zcard(LANE) == 2)

    # then they have told of it in one line
    (line,) = lines
    assert line == {
        "event": "a key holds something else than Afterwork keeps there, delete it",
        "key": LANE,
        "log_level": "error",
    }
