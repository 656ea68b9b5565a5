"""A job that blocks the event loop is named and bounded, and costs its neighbours nothing but time."""

import asyncio
import os
import re

import pytest
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced
from tests.integration.workers.supervision import supervised
from tests.integration.workers.unruly.contracts import Block, Hold
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Contract, Job, JobOptions, JobState
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.engine import JobClient

LEASE = 1
STUCK = os.EX_SOFTWARE
GRACE = 5.0
"""Seconds that a blocker has beyond its time limit."""


async def submit(client: JobClient, job: Contract, **options: float) -> str:
    return (await client.submit(job, JobOptions(**options))).job.id


async def running_neighbours(client: JobClient, count: int, *, seconds: float, limit: float) -> list[str]:
    """Jobs that are under way."""
    nap = ProbeRun(queue="unruly", seconds=seconds)
    ids = [await submit(client, nap, timeout=limit) for _ in range(count)]
    await waiting.running(client, *ids)
    return ids


def assert_went_well(jobs: list[Job]) -> None:
    """Whatever became of their worker: no attempt was spent, nobody died."""
    for job in jobs:
        assert (job.state, job.attempt, job.deaths) == (JobState.SUCCEEDED, 1, 0), job


def error_of(job: Job) -> tuple[JobState, str, str]:
    assert job.error is not None, job
    return job.state, job.error.code, job.error.detail


@pytest.fixture
def worker(redis_server: RedisServer, services: Services) -> ServiceProcess:
    return services.start(unruly.MODULE, redis_server.url, lease=LEASE)


@pytest.mark.timeout(180)
async def test_sixty_seconds_of_block_beside_fifty_short_jobs(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a supervised worker
    worker = services.start("notifier", redis_server.url)
    async with supervised(worker) as supervisor:
        # when a job blocks it for a minute, with fifty others before and after it
        nap = ProbeRun(queue="notifier", seconds=0.1)
        short = [await submit(client, nap, timeout=2) for _ in range(25)]
        blocker = ProbeRun(queue="notifier", seconds=60, mode=ProbeMode.BLOCKING)
        blocking = await submit(client, blocker, timeout=8, max_attempts=1)
        short += [await submit(client, nap, timeout=2) for _ in range(25)]

        # then it ends by its time limit, the process is replaced, and the others end well
        (job,) = await waiting.ended(client, blocking, deadline=40)
        jobs = await waiting.ended(client, *short)
        await assert_balanced(client)
    detail = "the attempt took longer than 8 seconds and blocked its worker's event loop"
    assert error_of(job) == (JobState.FAILED, "timeout", detail)
    assert (job.attempt, job.deaths, job.claims) == (1, 0, 1)
    assert job.finished_at is not None
    assert job.started_at is not None
    assert 8 + GRACE <= (job.finished_at - job.started_at).total_seconds() < 8 + GRACE + 3
    assert_went_well(jobs)
    assert supervisor.ends == [STUCK]
    assert f"job_id={blocking} " in worker.log
    assert "time.sleep(job.seconds)" in worker.log, "the stack"


async def test_a_block_within_its_time_limit_ends_nothing_and_extends_the_limits_of_others(
    client: JobClient, worker: ServiceProcess
) -> None:
    neighbours = await running_neighbours(client, 10, seconds=1, limit=1.5)

    blocker = await submit(client, Block(seconds=3), timeout=10)
    jobs = await waiting.ended(client, blocker, *neighbours)

    assert_went_well(jobs)
    assert {job.claims for job in jobs} == {1}
    assert worker.metric("afterwork_loop_blocks_total", queue="unruly", kind="unruly.block") == 1
    assert worker.metric("afterwork_leases_lost_total") in {None, 0}
    await waiting.true(lambda: "the event loop goes on" in worker.log)
    assert re.search(rf"the event loop goes on .*job_id={blocker}", worker.log)
    await assert_balanced(client)


async def test_the_blocker_gets_no_extension(client: JobClient, worker: ServiceProcess) -> None:
    blocker = await submit(client, Block(manner="and_goes_on", seconds=1.6), timeout=2.4)

    (job,) = await waiting.ended(client, blocker)

    assert error_of(job)[:2] == (JobState.FAILED, "timeout")
    assert worker.is_running


async def test_a_result_that_comes_within_the_grace_counts(client: JobClient, worker: ServiceProcess) -> None:
    blocker = await submit(client, Block(seconds=3), timeout=1)

    (job,) = await waiting.ended(client, blocker)

    assert (job.state, job.result) == (JobState.SUCCEEDED, "blocked")
    assert worker.is_running


async def test_blocks_of_less_than_a_second_cost_the_neighbours_no_time_either_and_are_named(
    client: JobClient, worker: ServiceProcess
) -> None:
    neighbours = await running_neighbours(client, 5, seconds=1, limit=2)

    blocker = await submit(client, Block(manner="again_and_again", seconds=8))
    jobs = await waiting.ended(client, blocker, *neighbours)

    assert_went_well(jobs)
    assert {job.claims for job in jobs} == {1}
    line = next(line for line in worker.log.splitlines() if "blocks the event loop again and again" in line)
    assert f"job_id={blocker} kind=unruly.block" in line
    assert worker.log.count("blocks the event loop again and again") == 1


@pytest.mark.parametrize("manner", ["in_the_handler", "by_computing", "in_a_task_of_its_own"])
async def test_a_block_is_named_with_its_job_and_its_stack(
    client: JobClient, worker: ServiceProcess, manner: str
) -> None:
    blocker = await submit(client, Block(manner=manner, seconds=2.5))
    await waiting.ended(client, blocker)

    await waiting.true(lambda: "the event loop is blocked" in worker.log)
    line = next(line for line in worker.log.splitlines() if "the event loop is blocked" in line)
    assert f"job_id={blocker} kind=unruly.block" in line
    assert "unruly/blocks.py" in worker.log
    assert worker.log.count("the event loop is blocked") == 1


async def test_a_job_that_blocks_each_time_spends_its_attempts(
    client: JobClient, worker: ServiceProcess
) -> None:
    async with supervised(worker) as supervisor:
        neighbours = await running_neighbours(client, 5, seconds=3, limit=4)
        blocker = await submit(client, Block(seconds=30), timeout=1, max_attempts=2)

        (job,) = await waiting.ended(client, blocker, deadline=40)
        jobs = await waiting.ended(client, *neighbours)

    assert error_of(job)[:2] == (JobState.FAILED, "timeout")
    assert (job.attempt, job.deaths, job.claims) == (2, 0, 2)
    assert supervisor.ends == [STUCK, STUCK]
    assert_went_well(jobs)
    await assert_balanced(client)


async def test_a_blocker_that_is_cancelled_ends_cancelled_after_the_grace(
    client: JobClient, worker: ServiceProcess
) -> None:
    (neighbour,) = await running_neighbours(client, 1, seconds=1, limit=2)
    blocker = await submit(client, Block(seconds=40))
    await waiting.running(client, blocker)
    async with supervised(worker) as supervisor:
        await client.cancel(blocker)

        (job,) = await waiting.ended(client, blocker, deadline=15)

        assert error_of(job)[:2] == (JobState.CANCELLED, "cancelled")
        assert_went_well(await waiting.ended(client, neighbour))
    assert supervisor.ends == [STUCK]


async def test_a_clean_up_that_blocks_does_not_outlast_the_time_limit_either(
    client: JobClient, worker: ServiceProcess
) -> None:
    async with supervised(worker) as supervisor:
        blocker = await submit(client, Block(manner="when_it_is_stopped", seconds=40), timeout=0.5)

        (job,) = await waiting.ended(client, blocker, deadline=15)
        await waiting.true(lambda: supervisor.ends == [STUCK])

    assert error_of(job)[:2] == (JobState.FAILED, "timeout")


async def test_what_a_job_leaves_behind_blocks_no_longer_than_any_job_may_run(
    client: JobClient, worker: ServiceProcess
) -> None:
    async with supervised(worker) as supervisor:
        neighbours = await running_neighbours(client, 3, seconds=1, limit=1.5)
        blocker = await submit(client, Block(manner="in_a_callback_after_its_end", seconds=60), timeout=1)
        (job,) = await waiting.ended(client, blocker)
        jobs = await waiting.ended(client, *neighbours, deadline=40)
        await waiting.true(lambda: supervisor.ends == [STUCK])

    assert job.state is JobState.SUCCEEDED
    assert_went_well(jobs)
    assert "a callback" in worker.log
    await assert_balanced(client)


@pytest.mark.parametrize("turns", [1, 2, 4, 6, 8])
@pytest.mark.parametrize("seconds", [4.0, 30.0], ids=["goes on", "ends by force"])
async def test_what_has_just_ended_or_begun_when_the_block_begins_runs_once(
    client: JobClient, redis_server: RedisServer, services: Services, turns: int, seconds: float
) -> None:
    # given jobs that end in the same turn of the loop as the block begins, so that their ends are not yet written,
    # and others for which there is room then; and another worker that would take over what is not held
    lease = 2
    worker = services.start(unruly.MODULE, redis_server.url, lease=lease, worker__concurrency=4)
    ending = [await submit(client, Hold()) for _ in range(3)]
    await waiting.running(client, *ending)

    # when
    limit = 1 if seconds > 10 else 20
    blocker = await submit(client, Block(seconds=seconds, turns=turns), timeout=limit, delay=0.5)
    nap = ProbeRun(queue="unruly", seconds=0.01)
    next_ones = [await submit(client, nap, timeout=2, delay=0.5) for _ in range(3)]
    await waiting.true(lambda: (worker.metric("afterwork_loop_lag_seconds") or 0) > 0.5)
    services.start(unruly.MODULE, redis_server.url, lease=lease)
    jobs = await waiting.ended(client, blocker, *ending, *next_ones)

    # then
    for job in jobs[1:4]:
        assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 0), job
    assert_went_well(jobs[4:])
    assert jobs[0].deaths == 0
    await assert_balanced(client)


async def test_while_redis_hangs_the_end_waits_for_it_as_long_as_the_lease_holds(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    # given a job that blocks beyond its time limit, while Redis hangs
    worker = services.start(unruly.MODULE, own_redis.url, lease=10)
    (neighbour,) = await running_neighbours(own_client, 1, seconds=1, limit=2)
    blocker = await submit(own_client, Block(seconds=60), timeout=1)
    await waiting.running(own_client, blocker)
    own_redis.pause()
    await waiting.true(lambda: "ending the process" in worker.log)
    await waiting.elapsed(2)
    assert worker.is_running

    # when
    own_redis.resume()

    # then
    assert await asyncio.to_thread(worker.wait, 10) == STUCK
    job = await own_client.get(blocker)
    assert error_of(job)[:2] == (JobState.FAILED, "timeout")
    assert (await own_client.get(neighbour)).state is JobState.QUEUED
    await asyncio.to_thread(worker.start)
    assert_went_well(await waiting.ended(own_client, neighbour))


@pytest.mark.parametrize("away", ["frozen", "killed"])
async def test_without_redis_the_process_ends_when_its_leases_have(
    own_client: JobClient, own_redis: RedisServer, services: Services, away: str
) -> None:
    worker = services.start(unruly.MODULE, own_redis.url, lease=LEASE)
    (neighbour,) = await running_neighbours(own_client, 1, seconds=1, limit=2)
    blocker = await submit(own_client, Block(seconds=60), timeout=1)
    await waiting.running(own_client, blocker)
    own_redis.pause() if away == "frozen" else own_redis.kill()

    assert await asyncio.to_thread(worker.wait, 1 + GRACE + LEASE + 8) == STUCK

    own_redis.resume() if away == "frozen" else own_redis.start()
    async with supervised(worker):
        (job,) = await waiting.ended(own_client, neighbour)
        assert job.state is JobState.SUCCEEDED
        (job,) = await waiting.ended(own_client, blocker, deadline=60)
        assert job.deaths <= 1
    await assert_balanced(own_client)
