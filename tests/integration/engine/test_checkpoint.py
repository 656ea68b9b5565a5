"""Checkpoints: what an attempt stores is what the next one finds, and only what its own attempt stored."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis
from tests.integration.engine.transitions import (
    PROBLEM,
    Alpha,
    ScriptedWorker,
    Transitions,
    new_job,
    with_token,
)
from tests.integration.gateway.talks import working
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts import Contract, JobState
from afterwork.engine import JobClient, JobRouter, Run, Snooze
from afterwork.engine.codec import MAX_CHECKPOINT
from afterwork.engine.server import connection
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed
from afterwork.engine.work.reporting import LeaseLost, RedisChannel
from afterwork.engine.work.reports import Reports

LARGEST = "x" * (MAX_CHECKPOINT - 2)
"""As JSON, with its quotes, just as large as a checkpoint may be."""


class Climb(Contract, kind="test.climb", queue="climbers", max_attempts=2, timeout=60):
    """Store a small checkpoint, then one of so many characters; fail if it is refused, unless careful.

    rests: come back once.
    """

    size: int | None = None
    is_careful: bool = False
    rests: bool = False


climbers = JobRouter("climbers")


@climbers.handles(Climb)
async def climb(job: Climb, run: Run) -> object:
    """What it found."""
    await run.checkpoint({"step": 1})
    if job.rests and run.checkpointed is None:
        raise Snooze(0)
    if job.size is not None:
        try:
            await run.checkpoint("x" * job.size)
        except errors.CheckpointTooLarge:
            if not job.is_careful:
                raise
    return run.checkpointed


@pytest.fixture
async def redis(engine_server: RedisServer) -> AsyncIterator[ArqRedis]:
    pool = connection.connect(engine_server.url)
    yield pool
    await connection.close(pool)


def channel(redis: ArqRedis, claim: Claim) -> RedisChannel:
    """Of an attempt that reports nothing else."""
    return RedisChannel(redis, Reports(lambda: None), claim)


# ------------------------------------------------------------------------------------------------ scripts


@pytest.mark.parametrize("outcome", [Retry(0, PROBLEM), Snoozed(0), Released(), None])
def test_the_next_attempt_finds_what_the_last_one_left(
    transitions: Transitions, outcome: Outcome | None
) -> None:
    # given an attempt that stored two checkpoints
    worker = ScriptedWorker(transitions, lease=1000)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    assert claim.checkpoint == b""
    assert [worker.checkpoint(claim, body) for body in (b"1", b'{"page":[],"big":12345678901234567890}')] == [
        "ok",
        "ok",
    ]

    # when it ends without success, or its worker dies
    if outcome is None:
        transitions.advance(1000)
    else:
        worker.finish(claim, outcome)

    # then the next one finds the second, byte for byte, and again when the reply is lost
    other = ScriptedWorker(transitions, "other")
    assert [claim.checkpoint for claim in other.claim()] == [b'{"page":[],"big":12345678901234567890}']
    assert [claim.checkpoint for claim in other.repeat().claims] == [
        b'{"page":[],"big":12345678901234567890}'
    ]


def test_a_checkpoint_is_no_change_that_a_reader_is_told(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    version = transitions.record("a")["version"]

    worker.checkpoint(claim, b"1")

    assert transitions.record("a")["version"] == version


def test_success_removes_it(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    worker.checkpoint(claim, b"1")

    worker.finish(claim, Done(b"1"))

    assert transitions.redis.exists("aw:checkpoint:a") == 0


@pytest.mark.parametrize("outcome", [Failed(PROBLEM), Cancelled(PROBLEM)])
def test_a_job_that_is_retried_after_its_end_goes_on_where_it_was(
    transitions: Transitions, outcome: Outcome
) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    worker.checkpoint(claim, b"[1]")
    worker.finish(claim, outcome)

    transitions.retry("a")

    assert [(claim.attempt, claim.checkpoint) for claim in worker.claim()] == [(1, b"[1]")]


@pytest.mark.parametrize("fate", ["another token", "released", "ended", "taken over"])
def test_an_attempt_that_has_lost_its_job_stores_nothing(transitions: Transitions, fate: str) -> None:
    # given an attempt that stored a checkpoint and lost its job
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    worker.checkpoint(claim, b'"mine"')
    match fate:
        case "another token":
            claim = with_token(claim, "nobody:1")
        case "released":
            worker.release(claim)
        case "ended":
            worker.finish(claim, Failed(PROBLEM))
        case _:
            worker.release(claim)
            ScriptedWorker(transitions, "other").claim()

    # when it stores another
    assert worker.checkpoint(claim, b'"late"') == "lost"

    # then the first one stands
    assert transitions.redis.get("aw:checkpoint:a") == '"mine"'


def test_what_is_claimed_in_one_call_is_bounded_with_its_checkpoints(transitions: Transitions) -> None:
    # given ten jobs with the largest checkpoints
    worker = ScriptedWorker(transitions)
    for i in range(10):
        transitions.submit(new_job(f"{i}"))
        transitions.advance(1)
    claims = worker.claim()
    for claim in claims:
        worker.checkpoint(claim, f'"{LARGEST}"'.encode())
        worker.finish(claim, Retry(0, PROBLEM))

    # when they are claimed again
    parts = [worker.step(10).claims for _ in range(4)]

    # then no call carries much more than 256 KiB, and all come
    assert [claim.id for part in parts for claim in part] == [f"{i}" for i in range(10)]
    assert max(len(part) for part in parts) <= 4


# ------------------------------------------------------------------------------------------------ handlers


async def test_64_kib_are_stored(
    client: JobClient, engine_server: RedisServer, transitions: Transitions
) -> None:
    async with working(engine_server, climbers):
        job = (await client.submit(Climb(size=len(LARGEST)))).job
        assert (await client.wait(job.id, timeout=30)).state is JobState.SUCCEEDED


@pytest.mark.parametrize("size", [len(LARGEST) + 1, 65 * 1024])
async def test_more_is_refused_and_nothing_is_lost(
    client: JobClient, engine_server: RedisServer, transitions: Transitions, size: int
) -> None:
    async with working(engine_server, climbers):
        # when a job stores too much
        job_id = (await client.submit(Climb(size=size))).job.id
        failed = await client.wait(job_id, timeout=30)

        # then it fails at once for that reason, and its last checkpoint stands
        assert (failed.state, failed.attempt) == (JobState.FAILED, 1)
        assert failed.error is not None
        assert failed.error.code == "checkpoint-too-large"
        assert transitions.redis.get(f"aw:checkpoint:{job_id}") == '{"step":1}'

        # and somebody who expects it goes on
        careful = (await client.submit(Climb(size=size, is_careful=True))).job
        assert (await client.wait(careful.id, timeout=30)).state is JobState.SUCCEEDED

        # and a retry finds it
        await client.retry(job_id)
        await client.wait(job_id, timeout=30)
    assert transitions.redis.get(f"aw:checkpoint:{job_id}") == '{"step":1}'


async def test_a_handler_finds_what_its_attempt_before_left(
    client: JobClient, engine_server: RedisServer
) -> None:
    async with working(engine_server, climbers):
        job_id = (await client.submit(Climb(rests=True))).job.id
        job = await client.wait(job_id, timeout=30)

    assert (job.result, job.claims) == ({"step": 1}, 2)


async def test_a_handler_that_has_lost_its_job_is_told(
    redis: ArqRedis, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given an attempt whose job was taken from it
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    await channel(redis, claim).checkpoint("mine")
    worker.release(claim)

    # when it stores a checkpoint
    with pytest.raises(LeaseLost):
        await channel(redis, claim).checkpoint("late")

    # then the first one stands
    assert transitions.redis.get("aw:checkpoint:a") == '"mine"'


async def test_a_value_that_is_no_json_is_refused_before_anything_is_sent(
    redis: ArqRedis, transitions: Transitions, worker: ScriptedWorker
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()

    for value in (object(), float("nan"), "\ud800"):
        with pytest.raises(errors.ResultNotJson):
            await channel(redis, claim).checkpoint(value)

    assert transitions.redis.exists("aw:checkpoint:a") == 0


async def test_a_checkpoint_waits_until_redis_is_back(engine_server: RedisServer) -> None:
    # given a running job, and a Redis that goes away
    with RedisServer(engine_server.binary) as server, Transitions(server) as transitions:
        transitions.use_real_clock()
        worker = ScriptedWorker(transitions)
        transitions.submit(new_job("a", Alpha()))
        (claim,) = worker.claim()
        redis = connection.connect(server.url)
        await channel(redis, claim).checkpoint("first")
        server.stop()

        # when the job stores a checkpoint meanwhile
        storing = asyncio.create_task(channel(redis, claim).checkpoint("second"))
        done, _ = await asyncio.wait([storing], timeout=0.5)
        assert not done
        await asyncio.to_thread(server.start)

        # then it returns when Redis is back and has it
        async with asyncio.timeout(20):
            await storing
        assert transitions.redis.get("aw:checkpoint:a") == '"second"'
        await connection.close(redis)
