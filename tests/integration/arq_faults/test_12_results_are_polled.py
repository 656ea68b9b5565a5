"""Fault 12: who waits for a result of ARQ's asks for it every 0.5 s, and hears of it at the next time."""

import asyncio
from typing import Any

from arq.connections import ArqRedis
from redis import Redis
from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import submit
from tests.integration.workers.waiting import elapsed, eventually, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis as FacePool
from afterwork.contracts import JobState
from afterwork.engine import JobClient, keys
from afterwork.engine.tasks import end

POLL = 0.02
ASKED = 20
WAITERS = 100


def calls(behind: Redis, *commands: str) -> int:
    """How often the server was asked one of these."""
    stats: Any = behind.info("commandstats")
    return sum(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"] for command in commands)


async def note(_: object) -> None:
    """Nothing but a run."""


async def test_a_client_of_stock_arq_asks_again_and_again(pool: ArqRedis, redis_server: RedisServer) -> None:
    """Shrunk: it asks every 20 ms."""
    # given a job that nobody works
    job = await pool.enqueue_job("note")
    assert job is not None
    waiter = asyncio.create_task(job.result(timeout=60, poll_delay=POLL))

    # then its waiting client goes on asking
    with redis_server.client() as behind:
        behind.config_resetstat()
        await true(lambda: calls(behind, "get") >= ASKED)
    await end([waiter])


async def test_a_client_of_stock_arq_does_not_hear_of_the_end(pool: ArqRedis) -> None:
    """Lengthened: it asks every 30 s."""
    # given a client that waits for a job
    job = await pool.enqueue_job("note")
    assert job is not None
    waiter = asyncio.create_task(job.result(timeout=60, poll_delay=30))

    # when it ends and some time passes
    await stock.burst(pool, note)
    await elapsed(1)

    # then the client still waits
    assert await job.result_info() is not None
    assert not waiter.done()
    await end([waiter])


async def test_clients_of_ours_ask_nothing_while_they_wait_and_hear_of_the_end(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a hundred clients, in one process, that wait for jobs which nobody works
    ids = await submit(client, seconds=0, count=WAITERS)
    waiters = [asyncio.create_task(client.wait(job_id, timeout=120)) for job_id in ids]
    channels = [keys.CHANGED + job_id for job_id in ids]
    with redis_server.client() as behind:
        await true(lambda: all(count for _, count in behind.pubsub_numsub(*channels)))
        await client.ledger()  # by now all have looked

        # when time passes
        behind.config_resetstat()
        await elapsed(1)

        # then they have asked nothing
        assert calls(behind, "get", "evalsha", "hget", "hmget", "hgetall") == 0

    # and all hear of the end
    services.start("notifier", redis_server.url)
    async with asyncio.timeout(60):
        assert {job.state for job in await asyncio.gather(*waiters)} == {JobState.SUCCEEDED}


async def test_a_client_of_arqs_face_hears_of_the_end(face_pool: FacePool) -> None:
    """Lengthened: it asks every 600 s."""
    # given a client that waits for a job
    job = await face_pool.enqueue_job("note")
    assert job is not None
    waiter = asyncio.create_task(job.result(timeout=60, poll_delay=600))
    channel = keys.CHANGED + job.job_id
    await eventually(lambda: face_pool.pubsub_numsub(channel), lambda counts: counts[0][1] > 0)

    # when it ends
    async with face.working(face_pool, note):
        # then the client hears of it
        assert await waiter is None
