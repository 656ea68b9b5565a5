"""A server whose clock is set while workers run jobs: nothing is lost, run twice or held up."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from tests.faked_time import JumpingServer
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced, assert_undisturbed, submit
from tests.integration.workers.waiting import elapsed, ended, eventually, running

from afterwork.contracts import JobOptions, JobQuery, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

HOUR = 3600
LEASE = 3
JUMPS = pytest.mark.parametrize(
    "jumps", [[HOUR], [-HOUR], [HOUR, 0, -HOUR, 0]], ids=["forward", "back", "to and fro"]
)


@pytest.fixture
def jumping() -> Iterator[JumpingServer]:
    with JumpingServer() as server:
        yield server


@pytest.fixture
async def client(jumping: JumpingServer) -> AsyncIterator[JobClient]:
    async with JobClient.connect(jumping.url) as connected:
        yield connected


async def server_time(client: JobClient) -> float:
    """By the newest job."""
    (job_id,) = await submit(client, 0)
    return (await client.get(job_id)).created_at.timestamp()


@JUMPS
async def test_jobs_that_run_go_on_undisturbed_and_new_ones_run_at_once(
    services: Services, jumping: JumpingServer, client: JobClient, jumps: list[int]
) -> None:
    # given two workers with jobs that run for longer than two leases
    workers = [services.start("notifier", jumping.url, lease=LEASE, worker__concurrency=20) for _ in range(2)]
    long = await submit(client, 2.5 * LEASE, 20)
    await running(client, *long)

    # when the clock is set
    short: list[str] = []
    for jump in jumps:
        jumping.set_clock(jump)

        # then what is submitted right after it runs within seconds
        began = time.monotonic()
        fresh = await submit(client, 0, 10)
        await ended(client, *fresh, deadline=5)
        assert time.monotonic() - began < 5
        short += fresh
        await elapsed(0.3)

    # and all have run once, in one go
    assert_undisturbed(await ended(client, *long, *short))
    await assert_balanced(client)
    assert all(worker.is_running for worker in workers)

    # and the list shows the newest first, in the order of their versions and times
    page = await client.list(JobQuery(page_size=500))
    assert {job.id for job in page.jobs} == {*long, *short}
    created = [job.created_at for job in page.jobs]
    assert created == sorted(created, reverse=True)
    if jumps == [-HOUR]:  # our time never went back
        assert [job.id for job in page.jobs if job.id in short] == short[::-1]
    for job in [await client.get(job_id) for job_id in long + short]:
        assert job.started_at is not None
        assert job.finished_at is not None
        assert job.created_at <= job.started_at <= job.finished_at
        events = [event.version async for batch in client.events(job.id) for event in batch]
        assert events == sorted(events)


async def test_a_delay_is_kept_when_the_clock_is_set_back(
    services: Services, jumping: JumpingServer, client: JobClient
) -> None:
    # given a worker, a delayed job, and one after the other
    services.start("notifier", jumping.url, lease=LEASE)
    delayed = JobOptions(delay=3)
    before = (await client.submit(ProbeRun(queue="notifier"), delayed)).job
    jumping.set_clock(-HOUR)
    began = time.monotonic()
    after = (await client.submit(ProbeRun(queue="notifier"), delayed)).job

    # then both run after their three seconds and not much later
    assert after.run_at - after.created_at == timedelta(seconds=3)
    jobs = await ended(client, before.id, after.id, deadline=10)
    assert 2 < time.monotonic() - began < 7
    assert_undisturbed(jobs)


@JUMPS
async def test_the_jobs_of_a_killed_worker_go_on_a_lease_later(
    services: Services, jumping: JumpingServer, client: JobClient, jumps: list[int]
) -> None:
    # given two workers, one of which runs a job
    first = services.start("notifier", jumping.url, lease=LEASE)
    (job_id,) = await submit(client, 5.0)
    await running(client, job_id)
    services.start("notifier", jumping.url, lease=LEASE)

    # when the clock is set, and the worker is killed in the same moment
    for jump in jumps:
        jumping.set_clock(jump)
        await asyncio.sleep(0)
    first.kill()

    # then the other one takes the job over within a lease and five seconds
    began = time.monotonic()
    job = await eventually(lambda: client.get(job_id), lambda job: job.claims == 2, deadline=2 * LEASE + 10)
    limit = LEASE + 5 if jumps[-1] <= 0 else 2 * LEASE + 5
    assert time.monotonic() - began < limit
    (job,) = await ended(client, job_id)
    assert (job.state, job.attempt, job.deaths) == (JobState.SUCCEEDED, 1, 1)
    await assert_balanced(client)


async def test_a_time_that_was_asked_for_is_meant_by_the_clock_of_redis(
    services: Services, jumping: JumpingServer, client: JobClient
) -> None:
    # given a job for in half an hour, and a worker
    services.start("notifier", jumping.url, lease=LEASE)
    now = (await client.submit(ProbeRun(queue="notifier"))).job.created_at
    later = JobOptions(run_at=now + timedelta(minutes=30))
    job = (await client.submit(ProbeRun(queue="notifier"), later)).job
    assert job.state is JobState.SCHEDULED

    # when the server's clock is set forward by an hour
    jumping.set_clock(HOUR)

    # then its time has come
    assert_undisturbed(await ended(client, job.id, deadline=5))
