"""Stock ARQ clients beside us: what they enqueue is adopted, and what we keep is what they expect to read."""

from collections.abc import AsyncIterator

import arq
import pytest
from arq.connections import ArqRedis, RedisSettings
from arq.jobs import Job, JobStatus, SerializationError
from tests.integration.engine.transitions import PROBLEM, ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork import errors
from afterwork.contracts.probe import ProbeRun
from afterwork.engine.codec import decode_payload, dumps, loads
from afterwork.engine.jobs import records
from afterwork.engine.work.outcome import Done, Failed

LANE = "aw:lane:notifier:probe.run:normal"
PROBE = {"queue": "notifier", "seconds": 0.5}


@pytest.fixture
async def stock(engine_server: RedisServer, transitions: Transitions) -> AsyncIterator[ArqRedis]:
    """A client of ARQ's own, set to JSON."""
    transitions.use_real_clock()
    settings = RedisSettings(unix_socket_path=str(engine_server.socket))
    pool = await arq.create_pool(settings, job_serializer=dumps, job_deserializer=loads)
    yield pool
    await pool.aclose(close_connection_pool=True)


@pytest.fixture
def worker(transitions: Transitions) -> ScriptedWorker:
    return ScriptedWorker(transitions, queue="notifier", kinds=[ProbeRun])


async def enqueue(stock: ArqRedis, *, defer_by: float = -0.001) -> str:
    """As a stock client does; a millisecond ago, because ARQ rounds its clock and so may be ahead of Redis'."""
    job = await stock.enqueue_job("probe.run", PROBE, _queue_name=LANE, _defer_by=defer_by)
    assert job is not None
    return job.job_id


def seen_by_stock(stock: ArqRedis, job_id: str, lane: str = LANE) -> Job:
    return Job(job_id, stock, _queue_name=lane, _deserializer=loads)


# ------------------------------------------------------------------------------------------------ adoption


async def test_a_job_that_a_stock_client_enqueued_is_adopted_with_the_kinds_defaults(
    stock: ArqRedis, worker: ScriptedWorker, transitions: Transitions
) -> None:
    # given a job of a stock client, whose payload would expire
    job_id = await enqueue(stock)
    assert transitions.redis.ttl(f"arq:job:{job_id}") > 0

    # when our worker claims
    (claim,) = worker.claim()

    # then it is a job like any other, which does not expire, and stands in the books
    assert decode_payload(ProbeRun, claim.payload) == ProbeRun(queue="notifier", seconds=0.5)
    assert (claim.id, claim.attempt, claim.max_attempts, claim.timeout) == (job_id, 1, 5, 300.0)
    assert transitions.redis.ttl(f"arq:job:{job_id}") == -1
    record = transitions.record(job_id)
    assert (record["state"], record["level"], record["durability"]) == ("running", "normal", "unknown")
    assert transitions.list_ids("running", "probe.run", "notifier") == [job_id]
    assert (
        transitions.ledger() | {"adopted": 1, "accepted": 0, "running": 1, "imbalance": 0}
        == transitions.ledger()
    )


async def test_the_stock_client_gets_the_result_of_its_adopted_job(
    stock: ArqRedis, worker: ScriptedWorker
) -> None:
    job_id = await enqueue(stock)
    (claim,) = worker.claim()

    worker.finish(claim, Done(b'{"attempt":1,"seconds":0.5}'))

    assert await seen_by_stock(stock, job_id).result(timeout=5) == {"attempt": 1, "seconds": 0.5}


async def test_a_deferred_job_of_a_stock_client_is_left_until_it_is_due(
    stock: ArqRedis, worker: ScriptedWorker, transitions: Transitions
) -> None:
    job_id = await enqueue(stock, defer_by=3600)

    assert worker.step(5).ids == []
    assert transitions.record(job_id) == {}


async def test_a_member_whose_payload_has_expired_fails_for_all_to_see_and_hides_nobody(
    stock: ArqRedis, worker: ScriptedWorker, transitions: Transitions
) -> None:
    # given a stock job without payload, before another
    gone, there = await enqueue(stock), await enqueue(stock)
    await stock.delete(f"arq:job:{gone}")

    # when our worker claims
    ids = worker.step(5).ids

    # then it gets the other one, the lane is clean, and the books tell of both
    assert ids == [there]
    assert transitions.redis.zrange(LANE, 0, -1) == [there]
    assert transitions.list_ids("failed", "probe.run", "notifier") == [gone]
    assert transitions.ledger()["imbalance"] == 0


async def test_a_pickled_job_is_adopted_but_never_unpickled(
    engine_server: RedisServer, stock: ArqRedis, worker: ScriptedWorker
) -> None:
    # given a stock client with its default serializer
    settings = RedisSettings(unix_socket_path=str(engine_server.socket))
    pickling = await arq.create_pool(settings)
    await enqueue(pickling)
    await pickling.aclose(close_connection_pool=True)

    # when our worker claims it
    (claim,) = worker.claim()

    # then it can say only that it cannot read it
    with pytest.raises(errors.Undecodable):
        decode_payload(ProbeRun, claim.payload)


# ------------------------------------------------------------------------------------------------ our jobs, seen by ARQ


async def test_arq_tells_the_status_of_our_jobs(
    stock: ArqRedis, worker: ScriptedWorker, transitions: Transitions
) -> None:
    # given one of our jobs in each state
    transitions.submit(new_job("done", ProbeRun(queue="notifier")))
    (done,) = worker.claim()
    transitions.submit(new_job("running", ProbeRun(queue="notifier")))
    worker.claim()
    worker.finish(done, Done(b"1"))
    transitions.submit(
        new_job("queued", ProbeRun(queue="notifier")),
        new_job("deferred", ProbeRun(queue="notifier"), delay=60),
    )

    # then ARQ sees them as its own
    statuses = {
        name: await seen_by_stock(stock, name).status() for name in ("queued", "deferred", "running", "done")
    }
    assert statuses == {
        "queued": JobStatus.queued,
        "deferred": JobStatus.deferred,
        "running": JobStatus.in_progress,
        "done": JobStatus.complete,
    }
    assert await seen_by_stock(stock, "never").status() is JobStatus.not_found


async def test_arq_reads_the_payload_of_our_waiting_job(stock: ArqRedis, transitions: Transitions) -> None:
    transitions.submit(new_job("a", ProbeRun(queue="notifier", seconds=2)))

    info = await seen_by_stock(stock, "a").info()

    assert info is not None
    assert (info.function, info.kwargs) == ("probe.run", {})
    assert info.args[0]["seconds"] == 2


async def test_arq_reads_the_result_of_our_job(
    stock: ArqRedis, worker: ScriptedWorker, transitions: Transitions
) -> None:
    # given our job with a result that names could spoil
    transitions.submit(new_job('a "quoted" id', ProbeRun(queue="notifier")))
    (claim,) = worker.claim()
    worker.finish(claim, Done('{"text":"ü\\n\\"","empty":[],"none":null}'.encode()))

    # when ARQ reads it
    job = seen_by_stock(stock, 'a "quoted" id')
    info = await job.result_info()

    # then all of it is right; the arguments are left out
    assert await job.result(timeout=5) == {"text": 'ü\n"', "empty": [], "none": None}
    assert info is not None
    assert (info.success, info.function, info.job_try, list(info.args)) == (True, "probe.run", 1, [])
    assert (info.queue_name, info.job_id) == ("notifier", 'a "quoted" id')
    assert info.enqueue_time <= info.start_time <= info.finish_time


async def test_arq_sees_that_our_job_failed(
    stock: ArqRedis, worker: ScriptedWorker, transitions: Transitions
) -> None:
    transitions.submit(new_job("a", ProbeRun(queue="notifier")))
    (claim,) = worker.claim()
    worker.finish(claim, Failed(PROBLEM))

    job = seen_by_stock(stock, "a")

    with pytest.raises(SerializationError, match="handler-error"):
        await job.result(timeout=5)
    info = await job.result_info()
    assert info is not None
    assert info.success is False


async def test_arq_sees_a_job_that_was_cancelled_before_it_ran(
    stock: ArqRedis, transitions: Transitions
) -> None:
    transitions.submit(new_job("a", ProbeRun(queue="notifier"), delay=60))
    transitions.cancel("a")

    info = await seen_by_stock(stock, "a").result_info()

    assert info is not None
    assert (info.success, info.job_try) == (False, 0)


async def abort(stock: ArqRedis, job_id: str, queue: str) -> None:
    """What a stock client asks for, without the wait for the end, which `Job.abort` begins with."""
    with pytest.raises(TimeoutError):
        await Job(job_id, stock, queue, loads).abort(timeout=0.05, poll_delay=0.01)


async def test_a_scheduled_job_that_a_stock_client_aborts_is_cancelled_and_does_not_run(
    transitions: Transitions, stock: ArqRedis
) -> None:
    # given a job that is due in an hour, and a stock client which wants it aborted
    lane = "aw:lane:q:alpha.run:normal"
    transitions.submit(new_job("a", delay=3600))
    due = transitions.redis.zscore(lane, "a")
    await abort(stock, "a", lane)
    assert transitions.redis.zscore(lane, "a") != due, "ARQ moves it to the front"

    # when a worker looks for work, then it gets nothing
    assert ScriptedWorker(transitions).step(5).ids == []
    assert transitions.redis.zscore(lane, "a") == due

    # and the next reaper cancels it, and leaves nothing behind
    transitions.reap()
    assert transitions.record("a")["state"] == "cancelled"
    assert transitions.redis.zrange("arq:abort", 0, -1) == []


async def test_a_running_job_that_a_stock_client_aborts_is_to_be_cancelled(
    transitions: Transitions, stock: ArqRedis
) -> None:
    transitions.submit(new_job("a"))
    (claim,) = ScriptedWorker(transitions).step(5).claims
    await abort(stock, "a", "aw:lane:q:alpha.run:normal")

    transitions.reap()

    assert transitions.record("a")["cancel"] == "1"
    assert transitions.redis.zrange("arq:abort", 0, -1) == []
    assert transitions.call("renew", 1000, "a", claim.token) == [b"cancel"]


@pytest.mark.parametrize("written", [b"\x80\x05]q.", b"7", b'{"r":[]}', b'{"x":1}'])
def test_a_result_that_somebody_else_wrote_can_be_looked_past(
    transitions: Transitions, written: bytes
) -> None:
    # given a job that succeeded and one that failed, whose results a stock worker has overwritten
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("good"), new_job("bad"))
    for claim in worker.step(2).claims:
        worker.finish(claim, Done(b"1") if claim.id == "good" else Failed(PROBLEM))
    transitions.redis.mset({"arq:result:good": written, "arq:result:bad": written})

    # when they are read
    good, bad = (records.job_from(name, transitions.call("get", name, "")) for name in ("good", "bad"))

    # then the one still stands as succeeded, and the other says that its problem cannot be read
    assert (good.state, good.error) == ("succeeded", None)
    assert bad.error is not None
    assert (bad.state, bad.error.code) == ("failed", "undecodable")
