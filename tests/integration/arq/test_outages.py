"""Redis away and back; a worker killed; many that wait: what ARQ's users never had to expect of a queue."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from time import monotonic

from redis.exceptions import RedisError
from tests.integration.arq import processes
from tests.integration.arq.fleet import STARTED
from tests.integration.arq.processes import FLEET
from tests.integration.arq.working import Context, enqueued, traces, worker, working
from tests.integration.workers.waiting import eventually, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis, Job, RedisSettings, create_pool
from afterwork.arq.jobs import JobStatus
from afterwork.engine import JobClient

WAITING = 300


async def test_a_worker_goes_on_when_redis_was_started_again(own_redis: RedisServer) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def wait(_: Context) -> str:
        begun.set()
        await may_end.wait()
        return "through it all"

    async def double(_: Context, number: int) -> int:
        return 2 * number

    settings = RedisSettings(unix_socket_path=str(own_redis.socket))
    pool = await create_pool(settings)
    async with working(settings, wait, double) as worker:
        # given a job that runs
        job = await enqueued(pool, "wait")
        await asyncio.wait_for(begun.wait(), 30)

        # when Redis ends, the job too, and Redis comes back
        await asyncio.to_thread(own_redis.stop)
        may_end.set()
        await asyncio.to_thread(own_redis.start)

        # then
        assert await eventually(lambda: _result(job), bool) == "through it all"
        other = await eventually(lambda: _enqueued(pool, 4), lambda found: found is not None)
        assert other is not None
        assert await other.result(timeout=30) == 8
        assert worker.jobs_complete == 2
    async with JobClient.connect(own_redis.url) as client:
        assert (await client.ledger()).imbalance == 0
    await pool.aclose(close_connection_pool=True)


async def test_what_arrives_after_sigterm_is_not_begun(own_redis: RedisServer) -> None:
    begun, may_end, slow = asyncio.Event(), asyncio.Event(), []

    async def quick(_: Context) -> None:
        begun.set()
        await may_end.wait()

    async def endless(_: Context) -> None:
        slow.append(1)
        await asyncio.sleep(3600)

    # given a worker whose only job ends while Redis is frozen, so that a step which claims the next one is under way
    settings = RedisSettings(unix_socket_path=str(own_redis.socket))
    pool = await create_pool(settings)
    first = await enqueued(pool, "quick")
    next_one = await enqueued(pool, "endless", _defer_by=0.001)
    stopped = worker(settings, quick, endless, max_jobs=1)
    task = asyncio.create_task(stopped.async_run())
    await asyncio.wait_for(begun.wait(), 30)
    own_redis.pause()
    may_end.set()
    await true(lambda: stopped.jobs_complete == 1)

    # when it is to end, and the answer comes after that
    stopped.handle_sig(signal.SIGTERM)
    own_redis.resume()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    await stopped.close()

    # then the next job has not begun, and waits for another worker
    assert slow == []
    assert await first.status() is JobStatus.complete
    assert await next_one.status() is JobStatus.queued
    async with JobClient.connect(own_redis.url) as client:
        assert (await client.get(next_one.job_id)).deaths == 0
    await pool.aclose(close_connection_pool=True)


async def _result(job: Job) -> object:
    try:
        return await job.result(timeout=30)
    except (RedisError, OSError):
        return None


async def _enqueued(pool: ArqRedis, number: int) -> Job | None:
    try:
        return await pool.enqueue_job("double", number)
    except (RedisError, OSError):
        return None


async def test_the_job_of_a_killed_worker_runs_elsewhere_after_its_lease(
    pool: ArqRedis, settings: RedisSettings, redis_server: RedisServer, tmp_path: Path
) -> None:
    # given a job that a process has begun
    job = await enqueued(pool, "leave_trace", 7)
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours") as worker:
        await eventually(lambda: traces(pool, STARTED), bool)
        worker.kill()

    # when there is another one
    killed = monotonic()
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours"):
        assert await job.result(timeout=60) == 7

    # then it took the lease of 1.5 s, not the 12 s that a stock worker's lock holds
    assert monotonic() - killed < 10
    info = await job.result_info()
    assert info is not None
    assert info.job_try == 2


async def test_all_that_wait_share_one_connection(
    pool: ArqRedis, settings: RedisSettings, redis_server: RedisServer
) -> None:
    may_end = asyncio.Event()

    async def wait(_: Context) -> int:
        await may_end.wait()
        return 1

    async with working(settings, wait, max_jobs=WAITING):
        jobs = [await enqueued(pool, "wait") for _ in range(WAITING)]
        waiting = [asyncio.create_task(job.result(timeout=60)) for job in jobs]
        with redis_server.client() as behind:

            def subscribed() -> int:
                return len([one for one in behind.client_list() if int(one["sub"]) >= WAITING])

            await true(lambda: subscribed() == 1)
            may_end.set()
            assert await asyncio.gather(*waiting) == [1] * WAITING
