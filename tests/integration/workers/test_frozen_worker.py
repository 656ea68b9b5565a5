"""A worker is frozen for longer than its lease and goes on later: by then its jobs are somebody else's."""

from pathlib import Path

import pytest
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.unruly.contracts import QUEUE, Behave
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Job, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

LEASE = 1


@pytest.fixture
def frozen(redis_server: RedisServer, services: Services) -> ServiceProcess:
    return services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__concurrency=1)


def start_another(redis_server: RedisServer, services: Services) -> ServiceProcess:
    return services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__concurrency=1)


async def begun(started: Path, runs: int) -> None:
    """Wait until the handler has begun that often."""
    await waiting.true(lambda: started.exists() and len(started.read_text().splitlines()) >= runs)


async def taken_over(client: JobClient, job_id: str, first: Job) -> Job:
    """The job, when another worker than before runs it."""
    return await waiting.eventually(
        lambda: client.get(job_id),
        lambda job: job.state is JobState.RUNNING and job.worker != first.worker,
    )


async def lost_leases(process: ServiceProcess) -> None:
    """Wait until the worker has noticed one lost lease."""
    await waiting.true(lambda: process.metric("afterwork_leases_lost_total", queue=QUEUE) == 1)


async def test_a_late_end_does_not_touch_the_job_that_runs_elsewhere(
    client: JobClient, redis_server: RedisServer, services: Services, frozen: ServiceProcess, tmp_path: Path
) -> None:
    # given a job on a frozen worker, which another worker has taken over
    behave = Behave(until=f"{tmp_path}/{{worker}}", started=f"{tmp_path}/started")
    submitted = await client.submit(behave)
    await begun(tmp_path / "started", runs=1)
    (first,) = await waiting.running(client, submitted.job.id)
    frozen.freeze()
    start_another(redis_server, services)
    second = await taken_over(client, submitted.job.id, first)

    # when the frozen one goes on and ends the job first
    (tmp_path / str(first.worker)).touch()
    frozen.thaw()
    await lost_leases(frozen)
    during = await client.get(submitted.job.id)
    await begun(tmp_path / "started", runs=2)
    (tmp_path / str(second.worker)).touch()
    (job,) = await waiting.ended(client, submitted.job.id)

    # then the other one's run is the one that counts
    assert waiting.as_sent(during) == waiting.as_sent(second)
    assert (job.state, job.worker, job.claims) == (JobState.SUCCEEDED, second.worker, 2)
    assert [attempt.worker for attempt in job.history] == [first.worker, second.worker]
    assert [attempt.error.code if attempt.error else None for attempt in job.history] == ["worker-lost", None]
    assert (job.attempt, job.deaths) == (1, 1)
    assert (await client.ledger()).imbalance == 0


async def test_a_late_end_does_not_touch_a_job_that_has_ended(
    client: JobClient, redis_server: RedisServer, services: Services, frozen: ServiceProcess
) -> None:
    submitted = await client.submit(ProbeRun(queue=QUEUE, seconds=0.3))
    (first,) = await waiting.running(client, submitted.job.id)
    frozen.freeze()
    start_another(redis_server, services)
    (ended,) = await waiting.ended(client, submitted.job.id)

    frozen.thaw()
    await lost_leases(frozen)

    after = await client.get(submitted.job.id)
    assert waiting.as_sent(after) == waiting.as_sent(ended), "result, history and version are as they were"
    assert ended.worker != first.worker


async def test_a_worker_that_was_frozen_goes_on_working(
    client: JobClient, redis_server: RedisServer, services: Services, frozen: ServiceProcess
) -> None:
    submitted = await client.submit(ProbeRun(queue=QUEUE, seconds=60))
    (first,) = await waiting.running(client, submitted.job.id)
    frozen.freeze()
    other = start_another(redis_server, services)
    await taken_over(client, submitted.job.id, first)

    frozen.thaw()
    await lost_leases(frozen)
    next_one = await client.submit(ProbeRun(queue=QUEUE))
    (job,) = await waiting.ended(client, next_one.job.id)

    assert job.worker == first.worker, "the only free slot is on the worker that was frozen"
    assert other.is_running


async def test_a_frozen_worker_that_is_alone_runs_its_job_to_the_end(
    client: JobClient, redis_server: RedisServer, frozen: ServiceProcess
) -> None:
    submitted = await client.submit(ProbeRun(queue=QUEUE, seconds=1))
    await waiting.running(client, submitted.job.id)

    frozen.freeze()
    with redis_server.client() as behind:
        await waiting.true(lambda: not behind.exists(f"arq:in-progress:{submitted.job.id}"))
    frozen.thaw()
    (job,) = await waiting.ended(client, submitted.job.id)

    assert job.state is JobState.SUCCEEDED
    assert job.deaths <= 1
    assert (await client.ledger()).imbalance == 0
