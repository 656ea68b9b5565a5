"""What is run again, and what is final."""

import asyncio
import time

import pytest
from tests.integration.arq.working import Context, burst, enqueued, named, worker, working
from tests.integration.workers.waiting import true

from afterwork.arq import (
    ArqRedis,
    FailedJobs,
    JobExecutionFailed,
    JobStatus,
    RedisSettings,
    ResultNotFound,
    Retry,
    func,
)
from afterwork.engine.work.retry import Backoff


def test_a_retry_says_by_how_much_it_is_deferred() -> None:
    assert str(Retry(defer=2.5)) == "<Retry defer 2.50s>"


async def test_a_job_asks_for_another_try(pool: ArqRedis, settings: RedisSettings) -> None:
    tries = []

    async def flaky(ctx: Context) -> str:
        tries.append(ctx["job_try"])
        if ctx["job_try"] < 3:
            raise Retry(defer=ctx["job_try"] * 0.05)
        return "done"

    job = await enqueued(pool, "flaky")
    done = await burst(settings, flaky)

    assert await job.result(timeout=30) == "done"
    assert tries == [1, 2, 3]
    assert (done.jobs_complete, done.jobs_retried, done.jobs_failed) == (1, 2, 0)


async def test_tries_come_to_an_end(pool: ArqRedis, settings: RedisSettings) -> None:
    tries = []

    async def never(ctx: Context) -> None:
        tries.append(ctx["job_try"])
        raise Retry

    job = await enqueued(pool, "never")
    await burst(settings, never, max_tries=3)

    with pytest.raises(JobExecutionFailed, match="max 3 retries exceeded"):
        await job.result(timeout=30)
    assert tries == [1, 2, 3]


async def test_a_client_may_say_which_try_it_is(pool: ArqRedis, settings: RedisSettings) -> None:
    tries = []

    async def note(ctx: Context) -> None:
        tries.append(ctx["job_try"])
        if len(tries) < 2:
            raise Retry

    await enqueued(pool, "note", _job_try=3)
    await burst(settings, note)

    assert tries == [3, 4]


async def test_an_exception_and_a_timeout_are_final(pool: ArqRedis, settings: RedisSettings) -> None:
    tries: list[str] = []

    async def fail(_: Context) -> None:
        tries.append("fail")
        raise ValueError("once")

    async def hang(_: Context) -> None:
        tries.append("hang")
        await asyncio.Event().wait()

    failing, hanging = await enqueued(pool, "fail"), await enqueued(pool, "hang")
    await burst(settings, fail, func(hang, name="hang", timeout=0.2))

    with pytest.raises(ValueError, match="once"):
        await failing.result(timeout=30)
    with pytest.raises(TimeoutError):
        await hanging.result(timeout=30)
    assert sorted(tries) == ["fail", "hang"]


async def test_a_function_may_ask_for_the_retry_policy_of_kinds(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    tries = []

    async def flaky(ctx: Context) -> int:
        tries.append(ctx["job_try"])
        if len(tries) < 3:
            raise ConnectionError("not yet")
        return len(tries)

    job = await enqueued(pool, "flaky")
    await burst(settings, func(flaky, name="flaky", retry=Backoff(base=0.01)))

    assert await job.result(timeout=30) == 3
    assert tries == [1, 2, 3]


async def test_a_job_that_is_stopped_with_its_worker_is_run_again(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    tries = []

    async def slow(ctx: Context) -> int:
        tries.append(ctx["job_try"])
        if len(tries) == 1:
            await asyncio.Event().wait()
        return len(tries)

    # given a worker that ends while the job runs
    job = await enqueued(pool, "slow")
    async with working(settings, slow) as first:
        await true(lambda: bool(tries))
    assert first.jobs_retried == 1
    assert await job.status() is JobStatus.queued

    # when there is another one
    await burst(settings, slow)

    # then it counts as a try, as with ARQ
    assert await job.result(timeout=30) == 2
    assert tries == [1, 2]


async def test_a_worker_that_is_cancelled_hands_back_what_it_runs(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    told: list[str] = []

    async def slow(ctx: Context) -> str:
        told.append("begun")
        if ctx["job_try"] > 1:
            return "done"
        try:
            await asyncio.Event().wait()
        finally:
            told.append("cleaned up")
        return "never"

    # given
    job = await enqueued(pool, "slow")
    first = worker(settings, slow)
    task = asyncio.create_task(first.async_run())
    await true(lambda: bool(told))

    # when its task is cancelled, as by a framework around it
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await first.close()

    # then the job waits for nobody's lease
    assert told == ["begun", "cleaned up"]
    assert not await pool.exists(f"arq:in-progress:{job.job_id}")
    await burst(settings, slow)
    assert await job.result(timeout=30) == "done"


async def test_a_job_that_has_expired_is_not_started(pool: ArqRedis, settings: RedisSettings) -> None:
    ran = []

    async def note(_: Context) -> None:
        ran.append(1)

    job = await enqueued(pool, "note", _expires=0.05)
    keeps = await enqueued(pool, "note")
    await true(lambda: True)
    while await pool.exists(f"arq:job:{job.job_id}"):
        await asyncio.sleep(0.01)

    assert await pool.ttl(f"arq:job:{keeps.job_id}") == -1
    await burst(settings, note)

    with pytest.raises(JobExecutionFailed, match="job expired"):
        await job.result(timeout=30)
    assert len(ran) == 1


async def test_run_check_raises_for_failed_jobs_and_counts_the_others(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    async def good(_: Context) -> None:
        """Nothing."""

    async def bad(_: Context) -> None:
        raise ValueError("bad")

    checked = worker(settings, good, bad, burst=True)
    for _ in range(3):
        await enqueued(pool, "good")
    assert await checked.run_check() == 3

    await enqueued(pool, "bad")
    with pytest.raises(FailedJobs, match=r"1 job failed ValueError\('bad'\)") as caught:
        await checked.run_check()
    assert caught.value.count == 1
    await checked.close()


@pytest.mark.parametrize("limit", [0, 1, 5])
async def test_a_burst_may_have_a_limit(pool: ArqRedis, settings: RedisSettings, limit: int) -> None:
    ran = []

    async def note(_: Context) -> None:
        ran.append(1)

    for _ in range(8):
        await enqueued(pool, "note")
    limited = worker(settings, note, burst=True, max_jobs=3)

    assert await limited.run_check(max_burst_jobs=limit) == limit

    assert len(ran) == limit
    assert len(await pool.queued_jobs()) == 8 - limit
    await limited.close()


async def test_a_burst_keeps_its_limit_although_its_loop_is_blocked(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    ran = []

    async def block(_: Context) -> None:
        ran.append(1)
        time.sleep(0.7)  # noqa: ASYNC251 - longer than the watch waits before it asks for claims that nobody has read

    for _ in range(12):
        await enqueued(pool, "block")
    limited = worker(settings, block, burst=True, max_jobs=2, lease=1.5)

    assert await limited.run_check(max_burst_jobs=4) == 4

    assert len(ran) == 4
    await limited.close()


async def test_results_are_kept_as_long_as_wanted(pool: ArqRedis, settings: RedisSettings) -> None:
    async def give(_: Context) -> int:
        return 1

    work = [
        func(give, name="default"),
        func(give, name="brief", keep_result=7),
        func(give, name="not_at_all", keep_result=0),
        func(give, name="for_ever", keep_result_forever=True),
    ]
    jobs = {one.name: await enqueued(pool, one.name) for one in work}
    await burst(settings, *work, keep_result=100)

    lives = {name: await pool.ttl(f"arq:result:{job.job_id}") for name, job in jobs.items()}
    assert 90 <= lives.pop("default") <= 100
    assert 0 < lives.pop("brief") <= 7
    assert lives == {"not_at_all": -2, "for_ever": -1}
    with pytest.raises(ResultNotFound):
        await jobs["not_at_all"].result(timeout=30)
    assert named(work[0]) is work[0]
