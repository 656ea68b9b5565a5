"""A worker dies: what it ran goes on elsewhere, and a job that keeps killing its worker ends."""

import time
from collections import Counter

from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.supervision import supervised
from tests.integration.workers.unruly.contracts import Misbehave
from tests.servers import RedisServer

from afterwork.contracts import Job, JobState
from afterwork.contracts.probe import ProbeFailure, ProbeRun
from afterwork.engine import JobClient

LEASE = 1


def errors_in_history(job: Job) -> list[str | None]:
    """How each attempt ended, by code; None for one without error."""
    return [attempt.error.code if attempt.error else None for attempt in job.history]


async def test_a_job_on_a_killed_worker_runs_again_on_another(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    doomed = services.start("notifier", redis_server.url, lease=LEASE)
    submitted = await client.submit(ProbeRun(queue="notifier", seconds=0.5))
    (before,) = await waiting.running(client, submitted.job.id)

    doomed.kill()
    services.start("notifier", redis_server.url, lease=LEASE)
    (job,) = await waiting.ended(client, submitted.job.id)

    assert job.state is JobState.SUCCEEDED
    assert (job.attempt, job.deaths, job.claims) == (1, 1, 2), "a death is no attempt"
    assert errors_in_history(job) == ["worker-lost", None]
    assert job.history[0].worker == before.worker != job.history[1].worker


async def test_twenty_long_jobs_of_a_killed_worker_run_again_all_at_once(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    doomed = services.start("notifier", redis_server.url, lease=LEASE)
    ids = [(await client.submit(ProbeRun(queue="notifier", seconds=60))).job.id for _ in range(20)]
    await waiting.running(client, *ids)
    services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=50)

    doomed.kill()
    killed_at = time.monotonic()
    again = [
        await waiting.eventually(
            lambda job_id=job_id: client.get(job_id),  # type: ignore[misc]
            lambda job: job.claims == 2 and job.state is JobState.RUNNING,
        )
        for job_id in ids
    ]

    assert time.monotonic() - killed_at < LEASE + 5
    starts = [job.started_at.timestamp() for job in again if job.started_at]
    assert len(starts) == len(ids)
    assert max(starts) - min(starts) < 1.0, "not one after the other"
    queue = next(queue for queue in await client.queues() if queue.name == "notifier")
    assert (queue.running, queue.waiting) == (20, 0)
    assert (await client.ledger()).imbalance == 0


async def test_one_killer_among_fifty_jobs_ends_and_the_others_succeed(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    worker = services.start("notifier", redis_server.url, lease=LEASE)
    killer = ProbeRun(queue="notifier", seconds=0.1, fail=ProbeFailure.KILL)
    good = ProbeRun(queue="notifier", seconds=0.2)

    async with supervised(worker) as supervisor:
        jobs = [(await client.submit(job)).job.id for job in [*[good] * 24, killer, *[good] * 25]]
        ended = await waiting.ended(client, *jobs, deadline=60)

    assert Counter(job.state for job in ended) == {JobState.SUCCEEDED: 49, JobState.FAILED: 1}
    (failed,) = (job for job in ended if job.state is JobState.FAILED)
    assert failed.id == jobs[24]
    assert failed.error is not None
    assert failed.error.code == "worker-lost"
    assert errors_in_history(failed) == ["worker-lost"] * 3
    assert supervisor.ends == [-9, -9, -9], "it took three workers with it, no more"
    assert max(job.deaths for job in ended if job.id != failed.id) == 2, "the test is about innocent suspects"
    assert all(job.result["attempt"] == 1 for job in ended if job.id != failed.id)
    assert (await client.ledger()).imbalance == 0


async def test_a_job_that_ends_its_process_in_order_ends_as_worker_lost_too(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    worker = services.start(unruly.MODULE, redis_server.url, lease=LEASE)

    async with supervised(worker) as supervisor:
        submitted = await client.submit(Misbehave(manner="exits_at_once"))
        (job,) = await waiting.ended(client, submitted.job.id, deadline=60)
        next_one = await client.submit(Misbehave(manner="gives_up"))
        await waiting.ended(client, next_one.job.id)

    assert job.error is not None
    assert (job.state, job.error.code, job.deaths) == (JobState.FAILED, "worker-lost", 3)
    assert supervisor.ends == [3, 3, 3]


async def test_work_that_comes_while_no_worker_lives_waits_for_one(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start("processor", redis_server.url, lease=LEASE).kill()
    ids = [(await client.submit(ProbeRun(queue="processor"))).job.id for _ in range(200)]

    services.start("processor", redis_server.url, lease=LEASE)

    for job in await waiting.ended(client, *ids):
        assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 0)
