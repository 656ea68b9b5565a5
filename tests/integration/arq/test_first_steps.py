"""The examples that ARQ's documentation begins with, with the import changed."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from tests.integration.arq.working import Context, burst, enqueued, named, worker, working

from afterwork.arq import ArqRedis, JobStatus, RedisSettings, ResultNotFound, create_pool, create_worker
from afterwork.arq.jobs import Job


async def double(_: Context, number: int) -> int:
    return 2 * number


class Session:
    """Stands for an HTTP client that all jobs of a worker share."""

    def __init__(self) -> None:
        self.is_open = True

    async def get(self, address: str) -> str:
        return f"<{address}>"

    async def aclose(self) -> None:
        self.is_open = False


async def download(ctx: Context, address: str) -> int:
    session: Session = ctx["session"]
    return len(await session.get(address))


async def open_session(ctx: Context) -> None:
    ctx["session"] = Session()


async def close_session(ctx: Context) -> None:
    await ctx["session"].aclose()


async def test_the_main_demo_runs_from_a_settings_class(pool: ArqRedis, settings: RedisSettings) -> None:
    # given
    class WorkerSettings:
        functions: Sequence[Any] = [download]
        on_startup = open_session
        on_shutdown = close_session
        redis_settings = settings
        burst = True
        handle_signals = False

    jobs = [await enqueued(pool, "download", address) for address in ("a", "bb", "ccc")]

    # when
    worker = create_worker(WorkerSettings)
    await worker.async_run()
    session = worker.ctx["session"]
    is_open = session.is_open
    await worker.close()

    # then
    assert [await job.result(timeout=30) for job in jobs] == [3, 4, 5]
    assert (worker.jobs_complete, worker.jobs_failed, worker.jobs_retried) == (3, 0, 0)
    assert is_open
    assert not session.is_open


async def test_a_job_tells_its_status_its_call_and_its_result(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def wait(_: Context, word: str, *, times: int) -> str:
        started.set()
        await may_end.wait()
        return word * times

    # given a job that waits
    job = await enqueued(pool, "wait", "ab", times=2)
    assert await job.status() is JobStatus.queued
    info = await job.info()
    assert info is not None
    assert (info.function, info.args, info.kwargs) == ("wait", ("ab",), {"times": 2})
    assert await job.result_info() is None
    assert [known.job_id for known in await pool.queued_jobs()] == [job.job_id]

    # when it runs and ends
    async with working(settings, wait):
        await asyncio.wait_for(started.wait(), 30)
        assert await job.status() is JobStatus.in_progress
        may_end.set()
        assert await job.result(timeout=30) == "abab"

    # then
    assert await job.status() is JobStatus.complete
    result = await job.result_info()
    assert result is not None
    assert (result.success, result.result, result.job_try, result.queue_name) == (
        True,
        "abab",
        1,
        "arq:queue",
    )
    assert [known.job_id for known in await pool.all_job_results()] == [job.job_id]
    assert await pool.queued_jobs() == []


async def test_nobody_waits_for_a_job_that_there_is_not(pool: ArqRedis) -> None:
    job = Job("nobody", pool)

    assert await job.status() is JobStatus.not_found
    with pytest.raises(ResultNotFound):
        await job.result(timeout=30)


async def test_whoever_waits_in_vain_is_told_in_time(pool: ArqRedis) -> None:
    job = await enqueued(pool, "double", 1)

    with pytest.raises(asyncio.TimeoutError):
        await job.result(timeout=0.1)


async def test_what_the_function_raised_is_raised_where_the_result_is_awaited(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    async def refuse(_: Context) -> None:
        raise LookupError("not here")

    job = await enqueued(pool, "refuse")
    done = await burst(settings, refuse)

    with pytest.raises(LookupError, match="not here"):
        await job.result(timeout=30)
    assert (done.jobs_complete, done.jobs_failed) == (0, 1)


async def test_jobs_are_deferred_by_a_time_or_until_one(pool: ArqRedis, settings: RedisSettings) -> None:
    # given
    begun = datetime.now(UTC)
    by = await enqueued(pool, "double", 1, _defer_by=timedelta(seconds=0.6))
    until = await enqueued(pool, "double", 2, _defer_until=begun + timedelta(seconds=0.7))
    far = await enqueued(pool, "double", 3, _defer_by=3600)
    assert await far.status() is JobStatus.deferred

    # when
    async with working(settings, double):
        await by.result(timeout=30)
        await until.result(timeout=30)
        took = (datetime.now(UTC) - begun).total_seconds()

    # then
    assert took >= 0.7
    assert await far.status() is JobStatus.deferred
    with pytest.raises(RuntimeError, match="defer_by"):
        await pool.enqueue_job("double", 1, _defer_by=1, _defer_until=begun)


async def test_an_id_is_taken_as_long_as_its_job_or_result_is_there(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    # given one of several that want the same id
    jobs = await asyncio.gather(*(pool.enqueue_job("double", 4, _job_id="once") for _ in range(5)))
    (job,) = [job for job in jobs if job is not None]
    await burst(settings, double)
    assert await job.result(timeout=30) == 8
    assert await pool.enqueue_job("double", 5, _job_id="once") is None

    # when its result has gone
    await pool.delete("arq:result:once")

    # then there may be another one
    again = await enqueued(pool, "double", 5, _job_id="once")
    await burst(settings, double)
    assert await again.result(timeout=30) == 10


async def test_a_function_that_blocks_runs_in_an_executor(pool: ArqRedis, settings: RedisSettings) -> None:
    def compute(number: int) -> int:
        return sum(range(number))

    async def run_blocking(ctx: Context, number: int) -> int:
        return await asyncio.get_running_loop().run_in_executor(ctx["pool"], compute, number)

    async def startup(ctx: Context) -> None:
        ctx["pool"] = ThreadPoolExecutor(max_workers=1)

    async def shutdown(ctx: Context) -> None:
        ctx["pool"].shutdown()

    job = await enqueued(pool, "run_blocking", 100)
    await burst(settings, run_blocking, on_startup=startup, on_shutdown=shutdown)

    assert await job.result(timeout=30) == 4950


async def test_jobs_of_another_queue_are_left_alone(pool: ArqRedis, settings: RedisSettings) -> None:
    other = await enqueued(pool, "double", 1, _queue_name="other")
    own = await enqueued(pool, "double", 2)

    await burst(settings, double)

    assert await own.result(timeout=30) == 4
    assert await other.status() is JobStatus.queued
    await burst(settings, double, queue_name="other")
    assert await other.result(timeout=30) == 2


async def test_a_pool_may_have_a_queue_of_its_own(settings: RedisSettings) -> None:
    pool = await create_pool(settings, default_queue_name="house")
    job = await enqueued(pool, "double", 3)

    await burst(settings, double, queue_name="house")

    assert await job.result(timeout=30) == 6
    await pool.close(close_connection_pool=True)


async def test_an_idle_worker_picks_up_at_once_and_the_result_is_pushed(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    async with working(settings, double):
        await (await enqueued(pool, "double", 0)).result(timeout=30)
        took = []
        for number in range(20):
            begun = perf_counter()
            await (await enqueued(pool, "double", number)).result(timeout=30, poll_delay=20)
            took.append(perf_counter() - begun)

    # polling takes half a second in the middle for each of both ways, and here it would take 20 s
    assert sorted(took)[10] < 0.25


async def test_a_worker_needs_something_to_run(settings: RedisSettings) -> None:
    with pytest.raises(RuntimeError, match="at least one function"):
        worker(settings)
    assert named(double).name == "double"
