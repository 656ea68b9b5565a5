"""Fault 1: a worker reads the first ids of its queue only, and running jobs stand among them.

Shrunk: 100 ids are read by two workers with 80 slots each; by default ARQ reads max(100, 5 × slots), so that it takes
more workers to see it.
"""

import asyncio

from arq.connections import ArqRedis
from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import submit
from tests.integration.workers.waiting import eventually, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis as FacePool
from afterwork.contracts import QueueOverview
from afterwork.engine import JobClient

SLOTS = 80
DUE = 400
READ_LIMIT = 100


async def test_stock_arq_leaves_slots_empty_while_jobs_are_due(pool: ArqRedis) -> None:
    # given 400 due jobs and 160 slots
    async def hold(_: object) -> None:
        await asyncio.Event().wait()

    for _ in range(DUE):
        await pool.enqueue_job("hold")
    options = {"max_jobs": SLOTS, "queue_read_limit": READ_LIMIT, "poll_delay": 0.01}
    async with (
        stock.working(pool, hold, **options) as one,
        stock.working(pool, hold, **options) as two,
    ):
        # when as many run as are read, and both look again
        await true(lambda: len(one.job_tasks) + len(two.job_tasks) >= READ_LIMIT)
        await one.polls_again()
        await two.polls_again()

        # then no more of them have begun
        assert len(one.job_tasks) + len(two.job_tasks) == READ_LIMIT < 2 * SLOTS < DUE


async def test_ours_fills_every_slot(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    await submit(client, seconds=600, count=DUE)
    for _ in range(2):
        services.start("notifier", redis_server.url, worker__concurrency=SLOTS)

    async def notifier() -> QueueOverview:
        return next(queue for queue in await client.queues() if queue.name == "notifier")

    queue = await eventually(notifier, lambda queue: queue.running >= 2 * SLOTS)
    assert (queue.running, queue.due) == (2 * SLOTS, DUE - 2 * SLOTS)


async def test_arqs_face_fills_every_slot(face_pool: FacePool) -> None:
    running = 0

    async def hold(_: object) -> None:
        nonlocal running
        running += 1
        await asyncio.Event().wait()

    for _ in range(DUE):
        await face_pool.enqueue_job("hold")

    async with (
        face.working(face_pool, hold, max_jobs=SLOTS, queue_read_limit=READ_LIMIT),
        face.working(face_pool, hold, max_jobs=SLOTS, queue_read_limit=READ_LIMIT),
    ):
        await true(lambda: running >= 2 * SLOTS)
        assert running == 2 * SLOTS
