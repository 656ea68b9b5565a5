"""Fault 11: ARQ reads a settings class without its bases, and its command starts no worker but its own."""

from pathlib import Path
from typing import Any

import arq
from arq.worker import create_worker
from tests.integration.arq_faults import face, inheriting, stock, stock_settings
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import submit
from tests.integration.workers.waiting import eventually
from tests.servers import RedisServer

from afterwork.arq import ArqRedis as FacePool
from afterwork.arq import Worker
from afterwork.contracts import QueueOverview
from afterwork.engine import JobClient


async def test_the_command_of_stock_arq_finds_no_inherited_functions(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    with stock.process("Inheriting", redis_server, tmp_path) as worker:
        assert await worker.exit_code() != 0
        assert "at least one function or cron_job must be registered" in worker.log


async def test_stock_arq_cannot_be_told_of_another_worker() -> None:
    class WithWorker:
        functions = (stock_settings.sleep,)
        worker_class = stock.StockWorker
        handle_signals = False

    settings: Any = WithWorker
    assert type(create_worker(settings)) is arq.Worker


async def test_ours_heeds_what_a_base_class_says(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given settings whose base says that three jobs run at a time
    await submit(client, seconds=600, count=2 * inheriting.CONCURRENCY)

    # when such a service works
    services.start(inheriting.MODULE, redis_server.url)

    # then three run, and the others wait
    async def notifier() -> QueueOverview:
        return next(queue for queue in await client.queues() if queue.name == "notifier")

    queue = await eventually(notifier, lambda queue: queue.running >= inheriting.CONCURRENCY)
    await client.ledger()
    assert (queue.running, queue.due) == (inheriting.CONCURRENCY, inheriting.CONCURRENCY)


async def test_arqs_face_heeds_what_a_base_class_says(face_pool: FacePool) -> None:
    async with face.worker_of(stock_settings.Inheriting, face_pool) as worker:
        job = await face_pool.enqueue_job("sleep", 0)
        assert job is not None

        assert await job.result(timeout=30) == 0
        assert set(worker.functions) == {"sleep", "leave"}


async def test_arqs_face_starts_a_worker_of_a_class_of_ones_own(face_pool: FacePool) -> None:
    class Mine(Worker):
        """A worker of a user's."""

    worker = Mine([stock_settings.sleep], redis_pool=face_pool, handle_signals=False)
    async with face.running(worker):
        job = await face_pool.enqueue_job("sleep", 0)
        assert job is not None
        assert await job.result(timeout=30) == 0
