"""Fault 6: ARQ has `max_tries=5`, but neither an exception nor a timeout is tried again. Shrunk: the timeouts."""

import asyncio
from typing import NoReturn

import pytest
from arq import func
from arq.connections import ArqRedis
from tests.integration.arq_faults import stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.waiting import ended
from tests.servers import RedisServer

from afterwork.contracts import Job, JobOptions, JobQuery, JobState
from afterwork.contracts.probe import ProbeFailure, ProbeRun
from afterwork.engine import JobClient


@pytest.mark.parametrize(("how", "error"), [("raises", ValueError), ("hangs", asyncio.TimeoutError)])
async def test_stock_arq_tries_once(pool: ArqRedis, how: str, error: type[Exception]) -> None:
    # given two functions, with five tries by default
    tries: list[int] = []

    async def raises(ctx: dict[str, int]) -> NoReturn:
        tries.append(ctx["job_try"])
        raise ValueError("the network was away")

    async def hangs(ctx: dict[str, int]) -> None:
        tries.append(ctx["job_try"])
        await asyncio.Event().wait()

    job = await pool.enqueue_job(how)
    assert job is not None

    # when one is worked
    await stock.burst(pool, raises, func(hangs, name="hangs", timeout=0.1))

    # then its first failure was the last
    info = await job.result_info()
    assert info is not None
    assert (info.success, type(info.result), tries) == (False, error, [1])


def causes(job: Job) -> list[str]:
    """The codes of the errors of its attempts."""
    return [attempt.error.code for attempt in job.history if attempt.error]


async def test_ours_tries_again(client: JobClient, redis_server: RedisServer, services: Services) -> None:
    # given
    services.start("notifier", redis_server.url)

    # when one job raises once, one always, and one takes too long
    once = await client.submit(ProbeRun(queue="notifier", fail=ProbeFailure.ONCE))
    thrice = JobOptions(max_attempts=3)
    always = await client.submit(ProbeRun(queue="notifier", fail=ProbeFailure.ALWAYS), thrice)
    hangs = JobOptions(max_attempts=3, timeout=0.1)
    late = await client.submit(ProbeRun(queue="notifier", seconds=60), hangs)
    recovered, raised, timed_out = await ended(client, once.job.id, always.job.id, late.job.id)

    # then each has had its attempts
    assert (recovered.state, recovered.attempt, causes(recovered)) == (
        JobState.SUCCEEDED,
        2,
        ["handler-error"],
    )
    assert (raised.state, causes(raised)) == (JobState.FAILED, ["handler-error"] * 3)
    assert (timed_out.state, causes(timed_out)) == (JobState.FAILED, ["timeout"] * 3)

    # and what has failed is listed, and can be run again
    page = await client.list(JobQuery(state=JobState.FAILED))
    assert {job.id for job in page.jobs} == {raised.id, timed_out.id}
    await client.retry(raised.id)
    (again,) = await ended(client, raised.id)
    assert causes(again) == ["handler-error"] * 6
