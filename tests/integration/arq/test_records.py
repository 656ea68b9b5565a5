"""Jobs of plain functions as the rest of Afterwork sees them: records, queues, the ledger; and what it never opens."""

import asyncio
import pickle

import pytest
from arq.connections import create_pool as create_stock_pool
from tests.integration.arq.working import Context, burst, enqueued, working
from tests.integration.workers.waiting import ended, eventually, true
from tests.servers import RedisServer

from afterwork import errors
from afterwork.arq import ArqRedis, JobExecutionFailed, RedisSettings, SerializationError
from afterwork.contracts import Amendment, JobQuery, JobState, Priority
from afterwork.engine import JobClient


class Trap:
    """Whoever unpickles it is caught."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return spring, ("caught",)


def spring(_: str) -> None:
    raise AssertionError("somebody has unpickled")


async def double(_: Context, number: int) -> int:
    return 2 * number


async def fail(_: Context) -> None:
    raise ValueError("no")


async def test_a_job_has_a_record_from_the_first_moment(
    pool: ArqRedis, settings: RedisSettings, client: JobClient
) -> None:
    # given
    good, bad = await enqueued(pool, "double", 1), await enqueued(pool, "fail")
    waiting = await client.get(good.job_id)
    assert (waiting.kind, waiting.function, waiting.queue) == ("arq", "double", "arq:queue")
    assert waiting.state is JobState.QUEUED
    assert (await client.queues())[0].due == 2

    # when
    await burst(settings, double, fail)

    # then
    done, failed = [await client.get(job.job_id) for job in (good, bad)]
    assert (done.state, done.attempt, done.result, done.error) == (JobState.SUCCEEDED, 1, None, None)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == (JobState.FAILED, "handler-error")
    assert failed.error.detail == "ValueError: no"
    assert failed.history[0].error == failed.error
    page = await client.list(JobQuery())
    assert {job.id: job.error for job in page.jobs} == {good.job_id: None, bad.job_id: failed.error}
    ledger = await client.ledger()
    assert (ledger.accepted, ledger.succeeded, ledger.failed, ledger.imbalance) == (2, 1, 1, 0)
    for ask in (client.payload, client.result):
        with pytest.raises(errors.NotFound):
            await ask(good.job_id)


async def test_nobody_but_arq_users_unpickles(
    pool: ArqRedis, client: JobClient, redis_server: RedisServer
) -> None:
    job = await enqueued(pool, "double", 1)
    with redis_server.client() as behind:
        behind.set(f"arq:job:{job.job_id}", pickle.dumps(Trap()))
        behind.set(f"arq:result:{job.job_id}", pickle.dumps(Trap()))

    assert (await client.get(job.job_id)).function == "double"
    assert len((await client.list(JobQuery())).jobs) == 1
    with pytest.raises(errors.NotFound):
        await client.payload(job.job_id)


async def test_a_failed_job_is_run_again_by_the_interface(
    pool: ArqRedis, settings: RedisSettings, client: JobClient
) -> None:
    is_well = False

    async def depends(_: Context) -> str:
        if not is_well:
            raise ValueError("not yet")
        return "well"

    job = await enqueued(pool, "depends")
    async with working(settings, depends):
        await ended(client, job.job_id)
        is_well = True
        await client.retry(job.job_id)
        (again,) = await ended(client, job.job_id)
        assert again.state is JobState.SUCCEEDED
        assert await job.result(timeout=30) == "well"
    assert [one.error is None for one in again.history] == [False, True]


async def test_a_job_is_moved_and_preferred_by_the_interface(
    pool: ArqRedis, settings: RedisSettings, client: JobClient
) -> None:
    job = await enqueued(pool, "double", 4, _defer_by=3600)
    seen = await client.get(job.job_id)

    await client.amend(job.job_id, Amendment(run_at=seen.created_at, priority=Priority.HIGH))

    async with working(settings, double):
        assert await job.result(timeout=30) == 8
    assert (await client.ledger()).imbalance == 0


async def test_a_paused_queue_starts_nothing(
    pool: ArqRedis, settings: RedisSettings, client: JobClient
) -> None:
    async with working(settings, double):
        await (await enqueued(pool, "double", 1)).result(timeout=30)
        await client.pause("arq:queue")
        job = await enqueued(pool, "double", 2)
        with pytest.raises(asyncio.TimeoutError):
            await job.result(timeout=1.5)
        await client.resume("arq:queue")
        assert await job.result(timeout=30) == 4


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x80\x04K\x01.",
        b"not a pickle",
        pickle.dumps({"f": "double"}),
        pickle.dumps([1]),
        b"\xff" * 100_000,
    ],
)
async def test_junk_becomes_a_failed_job_whose_bytes_are_kept(
    settings: RedisSettings, client: JobClient, redis_server: RedisServer, pool: ArqRedis, junk: bytes
) -> None:
    # given
    with redis_server.client() as behind:
        behind.set("arq:job:junk", junk)
        behind.zadd("arq:queue", {"junk": 1})

    # when
    async with working(settings, double) as worker:
        await eventually(client.ledger, lambda ledger: ledger.failed == 1)
        job = await client.get("junk")
        assert await (await enqueued(pool, "double", 1)).result(timeout=30) == 2
        assert worker.jobs_failed == 1

    # then
    assert job.error is not None
    assert (job.state, job.error.code) == (JobState.FAILED, "undecodable")
    assert await pool.get("aw:payload:junk") == junk
    ledger = await client.ledger()
    assert (ledger.adopted, ledger.failed, ledger.imbalance) == (1, 1, 0)


async def test_what_is_no_string_at_all_becomes_a_failed_job(
    settings: RedisSettings, client: JobClient, redis_server: RedisServer
) -> None:
    with redis_server.client() as behind:
        behind.rpush("arq:job:list", "a", "b")
        behind.hset("arq:result:list", "a", "b")
        behind.zadd("arq:queue", {"list": 1})

    async with working(settings, double):
        await eventually(client.ledger, lambda ledger: ledger.failed == 1)

    assert (await client.get("list")).state is JobState.FAILED


async def test_a_result_that_is_kept_for_ever_outlives_the_record(
    pool: ArqRedis, settings: RedisSettings, client: JobClient, redis_server: RedisServer
) -> None:
    job = await enqueued(pool, "double", 4)
    await burst(settings, double, keep_result_forever=True)
    with redis_server.client() as behind:
        behind.zadd("aw:expiry", {job.job_id: 1})

    assert await client.sweep() == 1

    with pytest.raises(errors.NotFound):
        await client.get(job.job_id)
    assert await job.result(timeout=30) == 8
    assert (await client.ledger()).imbalance == 0


@pytest.mark.parametrize("job_id", ["two words", "zwei\nZeilen", "é", ":", "a" * 5000])
async def test_an_id_may_be_any_text(
    pool: ArqRedis, settings: RedisSettings, client: JobClient, job_id: str
) -> None:
    job = await enqueued(pool, "double", 1, _job_id=job_id)

    await burst(settings, double)

    assert await job.result(timeout=30) == 2
    assert (await client.get(job_id)).state is JobState.SUCCEEDED


async def test_an_id_that_is_no_text_harms_nobody(
    pool: ArqRedis, settings: RedisSettings, redis_server: RedisServer, client: JobClient
) -> None:
    with redis_server.client() as behind:
        behind.zadd("arq:queue", {b"\xff\xfe": 1})
        behind.set(b"arq:job:\xff\xfe", pickle.dumps({"t": None, "f": "double", "a": (3,), "k": {}, "et": 1}))

    async with working(settings, double):
        assert await (await enqueued(pool, "double", 1)).result(timeout=30) == 2
        await eventually(client.ledger, lambda ledger: ledger.succeeded == 2)
    assert (await client.get("not-text-fffe")).function == "double"
    assert (await client.ledger()).imbalance == 0


async def test_a_result_that_cannot_be_written_is_told(
    pool: ArqRedis, settings: RedisSettings, client: JobClient
) -> None:
    async def give(_: Context) -> object:
        return lambda: None

    job = await enqueued(pool, "give")
    await burst(settings, give)

    with pytest.raises(SerializationError, match="unable to serialize result"):
        await job.result(timeout=30)
    told = await client.get(job.job_id)
    assert told.error is not None
    assert told.error.code == "result-not-json"


async def test_what_a_stock_client_enqueues_is_adopted(settings: RedisSettings, client: JobClient) -> None:
    stock = await create_stock_pool(settings)
    job = await stock.enqueue_job("double", 21)
    assert job is not None

    async with working(settings, double):
        assert await job.result(timeout=30, poll_delay=0.05) == 42
        (told,) = await ended(client, job.job_id)
        assert (told.function, told.state) == ("double", JobState.SUCCEEDED)

        # and it may use the id again when it has removed the result
        await stock.delete(f"arq:result:{job.job_id}")
        again = await stock.enqueue_job("double", 22, _job_id=job.job_id)
        assert again is not None
        assert await again.result(timeout=30, poll_delay=0.05) == 44
    ledger = await client.ledger()
    assert (ledger.adopted, ledger.swept, ledger.succeeded, ledger.imbalance) == (2, 1, 1, 0)
    await stock.aclose(close_connection_pool=True)


async def test_a_job_that_kills_its_workers_is_told_to_whoever_waits(
    pool: ArqRedis, client: JobClient, redis_server: RedisServer
) -> None:
    job = await enqueued(pool, "double", 1)
    with redis_server.client() as behind:
        behind.hset(f"aw:job:{job.job_id}", mapping={"deaths": "2", "state": "running", "token": "gone:1"})
        behind.hset(f"aw:job:{job.job_id}", mapping={"worker": "gone", "started": "1", "attempt": "1"})
        behind.zadd("aw:leases:arq:queue", {job.job_id: 1})
        behind.zrem("aw:ix:arq:queue:arq:waiting", job.job_id)
        behind.zadd("aw:ix:arq:queue:arq:running", {job.job_id: 1})

    waiting = asyncio.create_task(job.result(timeout=30))
    await client.reap(15)

    with pytest.raises(JobExecutionFailed, match="worker was lost"):
        await waiting
    await true(waiting.done)
