"""Aborts, by our clients, by stock clients and by the gateway's interface; nothing of them stays."""

import asyncio

import pytest
from arq.connections import ArqRedis as StockRedis
from arq.connections import create_pool as create_stock_pool
from arq.jobs import Job as StockJob
from tests.integration.arq.working import Context, enqueued, working
from tests.integration.workers.waiting import ended, eventually, true

from afterwork.arq import ArqRedis, JobStatus, RedisSettings
from afterwork.contracts import JobState
from afterwork.engine import JobClient

ABORTS = "arq:abort"


class Hanging:
    """A function that runs until it is stopped. stopped: how often it was."""

    def __init__(self) -> None:
        self.begun = self.stopped = 0

    async def hang(self, _: Context) -> None:
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped += 1


@pytest.fixture
async def stock(settings: RedisSettings) -> StockRedis:
    """A client that knows nothing of us."""
    return await create_stock_pool(settings)


async def test_a_running_job_is_aborted(pool: ArqRedis, settings: RedisSettings, client: JobClient) -> None:
    work = Hanging()
    async with working(settings, work.hang) as worker:
        job = await enqueued(pool, "hang")
        await true(lambda: work.begun == 1)

        assert await job.abort(timeout=30)

        assert (work.stopped, worker.jobs_failed) == (1, 1)
        with pytest.raises(asyncio.CancelledError):
            await job.result(timeout=30)
        assert not await job.abort(timeout=30)
    assert (await client.get(job.job_id)).state is JobState.CANCELLED
    assert not await pool.exists(ABORTS)


@pytest.mark.parametrize("delay", [0, 3600])
async def test_a_waiting_job_is_aborted_without_a_worker(
    pool: ArqRedis, settings: RedisSettings, client: JobClient, delay: int
) -> None:
    work = Hanging()
    job = await enqueued(pool, "hang", _defer_by=delay)

    assert await job.abort(timeout=30)

    async with working(settings, work.hang) as worker:
        await true(lambda: worker._engine is not None)  # noqa: SLF001 - it is at work
        assert (await client.get(job.job_id)).state is JobState.CANCELLED
    assert work.begun == 0
    assert not await pool.exists(ABORTS)


async def test_a_stock_client_aborts_a_running_job(
    pool: ArqRedis, stock: StockRedis, settings: RedisSettings
) -> None:
    work = Hanging()
    async with working(settings, work.hang):
        job = await enqueued(pool, "hang")
        await true(lambda: work.begun == 1)

        assert await StockJob(job.job_id, stock).abort(timeout=30, poll_delay=0.05)

        assert work.stopped == 1
        await eventually(lambda: pool.exists(ABORTS), lambda there: not there)
    await stock.aclose(close_connection_pool=True)


async def test_a_stock_client_aborts_a_job_that_waits(
    stock: StockRedis, settings: RedisSettings, client: JobClient, pool: ArqRedis
) -> None:
    # given a job that is not due for an hour
    work = Hanging()
    job = await stock.enqueue_job("hang", _defer_by=3600)
    assert job is not None

    # when
    async with working(settings, work.hang):
        assert await job.abort(timeout=30, poll_delay=0.05)
        (told,) = await ended(client, job.job_id)

    # then
    assert told.state is JobState.CANCELLED
    assert not await pool.exists(ABORTS)
    assert work.begun == work.stopped
    await stock.aclose(close_connection_pool=True)


async def test_an_abort_of_a_job_that_nobody_knows_is_forgotten(
    stock: StockRedis, settings: RedisSettings
) -> None:
    work = Hanging()
    await stock.zadd(ABORTS, {"of yesterday": 1})

    async with working(settings, work.hang):
        await eventually(lambda: stock.exists(ABORTS), lambda there: not there)
    await stock.aclose(close_connection_pool=True)


async def test_the_interface_cancels_jobs_of_plain_functions(
    pool: ArqRedis, settings: RedisSettings, client: JobClient
) -> None:
    work = Hanging()
    async with working(settings, work.hang):
        running = await enqueued(pool, "hang")
        await true(lambda: work.begun == 1)
        waiting = await enqueued(pool, "hang", _defer_by=3600)

        for job in (running, waiting):
            await client.cancel(job.job_id)

        for job in (running, waiting):
            with pytest.raises(asyncio.CancelledError):
                await job.result(timeout=30)
            assert await job.status() is JobStatus.complete
