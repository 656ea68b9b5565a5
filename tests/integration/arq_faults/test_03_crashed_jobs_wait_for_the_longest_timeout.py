"""Fault 3: what a killed worker ran is locked for its longest timeout + 10 s.

Shrunk: our lease is 2 s instead of 15 s. The 310 s of stock ARQ are not: its lock shows them.
"""

import asyncio
from pathlib import Path

from arq.connections import ArqRedis
from arq.jobs import JobStatus
from tests.integration.arq_faults import stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import submit
from tests.integration.workers.waiting import ended, eventually, running, true
from tests.servers import RedisServer

from afterwork.contracts import JobState
from afterwork.engine import JobClient
from afterwork.service import ServiceSettings

LEASE = 2


async def test_stock_arq_leaves_the_job_of_a_killed_worker_alone_for_five_minutes(
    pool: ArqRedis, redis_server: RedisServer, tmp_path: Path
) -> None:
    # given a worker that was killed while it ran a job
    with stock.process("Plain", redis_server, tmp_path) as doomed:
        job = await pool.enqueue_job("sleep", 60)
        assert job is not None
        await eventually(job.status, lambda status: status is JobStatus.in_progress)
        doomed.kill()
    lock = f"arq:in-progress:{job.job_id}"
    begun = asyncio.Event()

    async def sleep(_: object, __: float) -> None:
        begun.set()

    # when another one looks again and again
    async with stock.working(pool, sleep, poll_delay=0.01) as survivor:
        await survivor.polls_again()

        # then the job has not begun, and will not for minutes
        assert not begun.is_set()
        assert 250_000 < await pool.pttl(lock) <= 310_000

        # but as soon as the lock is gone
        await pool.delete(lock)
        await true(begun.is_set)


async def test_ours_runs_it_again_when_the_lease_ends(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a worker that was killed while it ran a job
    doomed = services.start("notifier", redis_server.url, lease=LEASE)
    ids = await submit(client, seconds=1)
    await running(client, *ids)
    doomed.kill()
    with redis_server.client() as behind:
        assert behind.pttl(f"arq:in-progress:{ids[0]}") <= LEASE * 1000

    # when there is another one
    services.start("notifier", redis_server.url, lease=LEASE)

    # then the job succeeds there
    (job,) = await ended(client, *ids)
    assert (job.state, job.attempt, job.deaths, job.claims) == (JobState.SUCCEEDED, 1, 1, 2)
    assert ServiceSettings.model_fields["lease"].default == 15
