"""What a worker calls around its jobs, and that nothing of it can end the worker."""

import pytest
from tests.integration.arq.working import Context, burst, enqueued, working
from tests.integration.workers.waiting import true

from afterwork.arq import ArqRedis, JobExecutionFailed, JobStatus, RedisSettings

HOOKS = ("on_job_start", "on_job_end", "after_job_end")


async def test_hooks_are_called_in_order_and_share_the_context_of_the_job(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    called: list[tuple[str, JobStatus | None]] = []

    async def see(name: str, ctx: Context) -> None:
        job = ctx.get("job")
        called.append((name, await job.status() if job else None))

    async def startup(ctx: Context) -> None:
        ctx["job"] = None
        await see("startup", ctx)

    async def start(ctx: Context) -> None:
        ctx["job"], ctx["mark"] = job, "from the start"
        await see("start", ctx)

    async def work(ctx: Context) -> str:
        await see("work", ctx)
        assert ctx["redis"] is not None
        assert (ctx["job_id"], ctx["job_try"], ctx["score"] > 0) == (job.job_id, 1, True)
        assert ctx["enqueue_time"].tzinfo is not None
        return str(ctx["mark"])

    async def end(ctx: Context) -> None:
        await see("end", ctx)

    async def after(ctx: Context) -> None:
        await see("after", ctx)

    async def shutdown(ctx: Context) -> None:
        await see("shutdown", ctx)

    job = await enqueued(pool, "work")
    await burst(
        settings,
        work,
        on_startup=startup,
        on_job_start=start,
        on_job_end=end,
        after_job_end=after,
        on_shutdown=shutdown,
    )

    assert called == [
        ("startup", None),
        ("start", JobStatus.in_progress),
        ("work", JobStatus.in_progress),
        ("end", JobStatus.in_progress),
        ("after", JobStatus.complete),
        ("shutdown", None),
    ]
    assert await job.result(timeout=30) == "from the start"


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
async def test_a_hook_that_fails_changes_nothing(
    pool: ArqRedis, settings: RedisSettings, name: str, error: type[BaseException]
) -> None:
    async def work(_: Context) -> int:
        return 1

    async def fail(_: Context) -> None:
        raise error("a hook")

    jobs = [await enqueued(pool, "work") for _ in range(3)]
    done = await burst(settings, work, **{name: fail})

    assert [await job.result(timeout=30) for job in jobs] == [1, 1, 1]
    assert done.jobs_complete == 3


async def test_a_hook_that_hangs_has_the_time_of_a_job(pool: ArqRedis, settings: RedisSettings) -> None:
    async def work(_: Context) -> int:
        return 1

    async def hang(_: Context) -> None:
        await true(lambda: False, deadline=60)

    job = await enqueued(pool, "work")
    await burst(settings, work, on_job_end=hang, job_timeout=0.2)

    assert await job.result(timeout=30) == 1


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, BaseException])
async def test_what_a_job_raises_ends_that_job_alone(
    pool: ArqRedis, settings: RedisSettings, error: type[BaseException]
) -> None:
    async def leave(_: Context) -> None:
        raise error("leaving")

    async def work(_: Context) -> int:
        return 1

    leaving = await enqueued(pool, "leave")
    async with working(settings, leave, work, keep_result_forever=True):
        with pytest.raises(JobExecutionFailed, match="leaving"):
            await leaving.result(timeout=30)
        unknown = await enqueued(pool, "nobody_has_this")
        with pytest.raises(JobExecutionFailed, match="not found"):
            await unknown.result(timeout=30)
        assert await (await enqueued(pool, "work")).result(timeout=30) == 1


async def test_a_start_up_that_fails_is_told(settings: RedisSettings) -> None:
    async def work(_: Context) -> None:
        """Nothing."""

    async def fail(_: Context) -> None:
        raise LookupError("no database")

    with pytest.raises(LookupError, match="no database"):
        await burst(settings, work, on_startup=fail)
