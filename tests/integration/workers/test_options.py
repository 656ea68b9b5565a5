"""What a job's options promise holds over real workers: priority, delay, unique key."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.servers import RedisServer

from afterwork.contracts import JobOptions, JobState, Priority
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient
from afterwork.errors import DuplicateJob

PROBE = ProbeRun(queue="notifier")
PRIORITIES = [Priority.LOW, Priority.NORMAL, Priority.HIGH]


async def test_what_is_urgent_goes_first(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    ids = {
        (await client.submit(PROBE, JobOptions(priority=level))).job.id: level
        for _ in range(3)
        for level in PRIORITIES
    }

    services.start("notifier", redis_server.url, worker__concurrency=1)
    jobs = await waiting.ended(client, *ids)

    in_order = sorted(jobs, key=lambda job: (job.started_at, job.finished_at))
    assert [ids[job.id] for job in in_order] == [*["high"] * 3, *["normal"] * 3, *["low"] * 3]


async def test_a_delayed_job_starts_on_time_and_hides_nobody(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start("notifier", redis_server.url)
    delayed = (await client.submit(PROBE, JobOptions(delay=1.2))).job
    run_at = datetime.now(UTC) + timedelta(seconds=1.3)
    planned = (await client.submit(PROBE, JobOptions(run_at=run_at))).job
    prompt = (await client.submit(PROBE)).job

    (first,) = await waiting.ended(client, prompt.id)
    assert {(await client.get(job.id)).state for job in (delayed, planned)} == {JobState.SCHEDULED}
    jobs = await waiting.ended(client, delayed.id, planned.id)

    assert first.state is JobState.SUCCEEDED
    for job in jobs:
        assert job.started_at is not None
        assert timedelta() <= job.started_at - job.run_at < timedelta(seconds=0.5)


async def test_a_unique_key_admits_one_live_job(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start("notifier", redis_server.url)
    once = JobOptions(unique_key="nightly")
    first = (await client.submit(ProbeRun(queue="notifier", seconds=0.5), once)).job
    await waiting.running(client, first.id)

    with pytest.raises(DuplicateJob) as refusal:
        await client.submit(PROBE, once)
    await waiting.ended(client, first.id)
    second = (await client.submit(PROBE, once)).job

    assert refusal.value.job_id == first.id
    (job,) = await waiting.ended(client, second.id)
    assert job.state is JobState.SUCCEEDED
