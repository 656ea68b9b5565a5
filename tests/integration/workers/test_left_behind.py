"""Coroutines that outlive their attempt, or end more than it: their worker makes room for a fresh one."""

import asyncio
import os

from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.supervision import supervised
from tests.integration.workers.unruly.contracts import QUEUE, Misbehave
from tests.servers import RedisServer

from afterwork.contracts import JobOptions, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient


async def time_out(client: JobClient, manner: str) -> None:
    submitted = await client.submit(Misbehave(manner=manner), JobOptions(timeout=0.2))
    (job,) = await waiting.ended(client, submitted.job.id)
    assert job.error is not None
    assert job.error.code == "timeout"


async def test_coroutines_that_cannot_be_stopped_keep_their_slots_until_the_process_is_replaced(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a worker with two slots, one of them held by a coroutine beyond its attempt
    worker = services.start(unruly.MODULE, redis_server.url, lease=1, worker__concurrency=2)
    await time_out(client, "swallows_cancellation")
    labels = {"queue": QUEUE, "kind": "unruly.misbehave"}
    await waiting.true(lambda: worker.metric("afterwork_attempts_left_behind", **labels) == 1)
    assert "keeps its slot" in worker.log
    naps = [(await client.submit(ProbeRun(queue=QUEUE, seconds=0.7))).job.id for _ in range(2)]
    await waiting.running(client, naps[0])
    assert (await client.get(naps[1])).state is JobState.QUEUED
    await waiting.ended(client, *naps)

    # when another one takes the last slot
    async with supervised(worker) as supervisor:
        await time_out(client, "swallows_cancellation")
        submitted = await client.submit(ProbeRun(queue=QUEUE))
        (job,) = await waiting.ended(client, submitted.job.id)

    # then the process is replaced
    assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 0)
    assert supervisor.ends == [os.EX_SOFTWARE]
    assert "hold every slot" in worker.log


async def test_a_worker_that_is_cancelled_from_within_ends_for_a_fresh_one(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    worker = services.start(unruly.MODULE, redis_server.url, lease=15)
    submitted = await client.submit(Misbehave(manner="cancels_all_tasks_in_nobodys_name"))

    assert await asyncio.to_thread(worker.wait, 10) == os.EX_SOFTWARE

    assert (await client.get(submitted.job.id)).state is not JobState.RUNNING
    assert "cancelled from within" in worker.log
    assert "Traceback" not in worker.log
