"""Fault 10: Redis is restarted while there is work, and ARQ's worker ends."""

import asyncio
from pathlib import Path

from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced, assert_undisturbed
from tests.integration.workers.waiting import elapsed, ended, eventually, true
from tests.servers import RedisServer

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import IdempotencyKey, JobClient

AWAY = 1.0
"""Seconds for which there is no Redis for ours."""
MANY = 40


async def test_the_worker_of_stock_arq_ends(own_redis: RedisServer, tmp_path: Path) -> None:
    # given a worker with more to do than it has slots
    with stock.process("Plain", own_redis, tmp_path) as worker:
        async with stock.connected(own_redis) as pool:
            for _ in range(MANY):
                await pool.enqueue_job("sleep", 0.5)
            await eventually(lambda: pool.zcard("arq:queue"), lambda left: left < MANY)

        # when Redis is restarted
        own_redis.kill()
        exit_code = await worker.exit_code()
        own_redis.start()

        # then it is gone, and its work is left
        assert exit_code != 0
        async with stock.connected(own_redis) as pool:
            assert await pool.zcard("arq:queue") > 0


async def submit_once(client: JobClient, name: str) -> str:
    """As a client does that wants its job to be stored, once: it repeats the request until it is answered."""
    key = IdempotencyKey(name, b"")
    job = ProbeRun(queue="notifier", seconds=0.5)
    submitted = await eventually(lambda: client.submit(job, idempotency=key), bool)
    return submitted.job.id


async def test_ours_goes_on(own_client: JobClient, own_redis: RedisServer, services: Services) -> None:
    # given a worker with more to do than it has slots
    worker = services.start("notifier", own_redis.url, worker__concurrency=10)
    before = [await submit_once(own_client, f"before {number}") for number in range(MANY)]
    await eventually(own_client.ledger, lambda ledger: ledger.succeeded > 0)

    # when Redis is restarted, while more comes
    coming = [asyncio.create_task(submit_once(own_client, f"during {number}")) for number in range(10)]
    own_redis.kill()
    await elapsed(AWAY)
    own_redis.start()
    during = await asyncio.gather(*coming)

    # then the same process has run each job once, in one go
    assert_undisturbed(await ended(own_client, *before, *during, deadline=60))
    assert worker.is_running
    await assert_balanced(own_client)


async def test_arqs_face_goes_on(own_redis: RedisServer) -> None:
    # given a worker with more to do than it has slots
    async def sleep(_: object, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async with face.connected(own_redis) as pool, face.working(pool, sleep) as worker:
        jobs = [await pool.enqueue_job("sleep", 0.1) for _ in range(MANY)]
        await true(lambda: worker.jobs_complete > 0)

        # when Redis is restarted
        own_redis.kill()
        await elapsed(AWAY)
        own_redis.start()

        # then each job runs once, in one go
        await true(lambda: worker.jobs_complete == MANY)
        assert [await job.result(timeout=30) for job in jobs if job] == [0.1] * MANY
        assert (worker.jobs_failed, worker.jobs_retried) == (0, 0)
