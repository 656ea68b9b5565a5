"""Cron jobs, and the sign of life that comes with them."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.integration.arq.working import Context, burst, worker, working
from tests.integration.workers.waiting import true

from afterwork import arq
from afterwork.arq import ArqRedis, CronJob, RedisSettings
from afterwork.arq.settings import async_check_health
from afterwork.contracts import JobQuery
from afterwork.engine import JobClient

EVERY_SECOND = set(range(60))


def cron(function: Any, **options: Any) -> CronJob:  # noqa: ANN401 - as ARQ takes them
    """ARQ's own, whose types know no local functions."""
    return arq.cron(function, **options)


async def test_a_cron_job_runs_once_at_each_of_its_times_however_many_workers_there_are(
    settings: RedisSettings, client: JobClient
) -> None:
    ran: list[datetime] = []

    async def tick(ctx: Context) -> None:
        ran.append(datetime.fromtimestamp(ctx["score"] / 1000, UTC))

    job = cron(tick, name="tick", second=EVERY_SECOND, microsecond=0)
    other = cron(tick, name="tick", second=EVERY_SECOND, microsecond=0)
    async with working(settings, cron_jobs=[job]), working(settings, cron_jobs=[other]):
        await true(lambda: len(ran) >= 3)

    assert all(time.microsecond == 0 for time in ran)
    assert len(set(ran)) == len(ran)
    jobs = (await client.list(JobQuery())).jobs
    assert {known.function for known in jobs} == {"tick"}
    assert len({known.id for known in jobs}) == len(jobs)


async def test_a_worker_that_is_late_does_not_run_it_again(settings: RedisSettings, pool: ArqRedis) -> None:
    ran = []

    async def tick(_: Context) -> None:
        ran.append(1)

    # given a time whose job has run and left no result
    now = datetime.now(UTC)
    assert await pool.enqueue_once("tick", "tick:1", "arq:queue", now) is not None
    await burst(settings, cron_jobs=[cron(tick, name="tick", month=2, day=28)])
    assert not await pool.exists("arq:result:tick:1")

    # when another worker enqueues it
    assert await pool.enqueue_once("tick", "tick:1", "arq:queue", now) is None

    # then it is not run, and a stock worker would find its lock
    await burst(settings, cron_jobs=[cron(tick, name="tick", month=2, day=28)])
    assert ran == [1]
    assert 0 < await pool.pttl("arq:in-progress:tick:1") <= 60_000


async def test_a_cron_job_may_run_at_the_start(settings: RedisSettings, pool: ArqRedis) -> None:
    ran = asyncio.Event()

    async def tick(_: Context) -> None:
        ran.set()

    async with working(settings, cron_jobs=[cron(tick, name="tick", hour=0, run_at_startup=True)]):
        await asyncio.wait_for(ran.wait(), 30)


async def test_schedules_are_meant_in_the_timezone_of_the_worker(
    settings: RedisSettings,
) -> None:
    async def tick(_: Context) -> None:
        """Nothing."""

    far = timezone(timedelta(hours=5, minutes=30))
    job = cron(tick, name="tick", hour=3, minute=0)
    async with working(settings, cron_jobs=[job], timezone=far):
        await true(lambda: job.next_run is not None)

    assert job.next_run is not None
    assert (job.next_run.hour, job.next_run.minute) == (3, 0)
    assert job.next_run.utcoffset() == timedelta(hours=5, minutes=30)


async def test_a_worker_gives_signs_of_life(settings: RedisSettings, pool: ArqRedis) -> None:
    async def work(_: Context) -> None:
        """Nothing."""

    assert await async_check_health(settings) == 1

    async with working(settings, work, health_check_interval=5):
        await true(lambda: True)
        while not await pool.exists("arq:queue:health-check"):
            await asyncio.sleep(0.01)
        assert await async_check_health(settings) == 0
        sign = await pool.get("arq:queue:health-check")
        assert b"j_complete=0 j_failed=0 j_retried=0 j_ongoing=0 queued=0" in sign
        assert 0 < await pool.pttl("arq:queue:health-check") <= 6000

    assert await async_check_health(settings) == 1


async def test_a_worker_shows_its_counts(settings: RedisSettings) -> None:
    async def work(_: Context) -> None:
        """Nothing."""

    assert repr(worker(settings, work)) == "<Worker j_complete=0 j_failed=0 j_retried=0 j_ongoing=0>"
