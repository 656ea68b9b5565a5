"""Fault 7: `arq:abort` is never purged, and an abort waits for ever, or says that it failed when it did not.

Shrunk: a cancelled job of ours is kept for 1 s instead of 24 h.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.jobs import Job, JobStatus
from redis import Redis
from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.waiting import ended, eventually, running, true
from tests.servers import RedisServer

from afterwork import errors
from afterwork.arq import ArqRedis as FacePool
from afterwork.contracts import JobOptions, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, keys

ABORTS = "arq:abort"
SHOWN_LATER = (keys.EVENTS, keys.STEP)
"""A capped stream of what happened, and what each worker claimed last: neither grows by a cancellation."""


async def note(_: object) -> None:
    """Nothing but a run."""


async def hang(_: object) -> None:
    await asyncio.Event().wait()


async def begun(pool: ArqRedis) -> Job:
    """A job that runs until it is aborted."""
    job = await pool.enqueue_job("hang")
    assert job is not None
    await eventually(job.status, lambda status: status is JobStatus.in_progress)
    return job


async def test_stock_arq_keeps_what_was_aborted_for_ever(pool: ArqRedis) -> None:
    # given two jobs that have ended, one of them aborted just now, the other one a day ago
    job = await pool.enqueue_job("note")
    assert job is not None
    async with stock.working(pool, note, poll_delay=0.01, allow_abort_jobs=True) as worker:
        await job.result(timeout=30, poll_delay=0.01)
        assert not await job.abort(timeout=30, poll_delay=0.01)
        await pool.zadd(ABORTS, {"of yesterday": (time.time() - 86_400) * 1000})

        # when the worker looks again and again
        await worker.polls_again()

    # then both are still there
    assert await pool.zrange(ABORTS, 0, -1) == [b"of yesterday", job.job_id.encode()]


async def test_an_abort_waits_in_vain_for_a_stock_worker_with_default_settings(pool: ArqRedis) -> None:
    async with stock.working(pool, hang, poll_delay=0.01) as worker:
        job = await begun(pool)

        with pytest.raises(asyncio.TimeoutError):
            await job.abort(timeout=1, poll_delay=0.01)

        await worker.polls_again()
        assert await job.status() is JobStatus.in_progress


async def test_stock_arq_says_that_a_job_was_not_aborted_which_was(pool: ArqRedis) -> None:
    async with stock.working(pool, hang, poll_delay=0.01, allow_abort_jobs=True, keep_result=0) as worker:
        job = await begun(pool)

        assert not await job.abort(timeout=30, poll_delay=0.01)

        assert (worker.jobs_failed, worker.jobs_complete, worker.job_tasks) == (1, 0, {})


def mentions(redis: Redis, job_id: str) -> set[str]:
    """The keys that have to do with a job, by name or content."""
    names: Any = redis.keys("*")
    return {key for key in names if job_id in key or job_id in " ".join(_content(redis, key))}


def _content(redis: Redis, key: str) -> Iterator[str]:
    match redis.type(key):
        case "string":
            yield str(redis.get(key))
        case "hash":
            yield str(redis.hgetall(key))
        case "zset":
            yield str(redis.zrange(key, 0, -1))
        case "set":
            yield str(redis.smembers(key))
        case "list":
            yield str(redis.lrange(key, 0, -1))
        case "stream":
            yield str(redis.xrange(key))
        case "none":
            """It has just gone."""
        case other:
            raise AssertionError(f"{key} is a {other}")


async def test_ours_cancels_says_so_and_leaves_nothing_behind(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a job that runs, one that waits and one that has ended
    services.start("notifier", redis_server.url, lease=1)
    brief = JobOptions(retention=1)
    runs = (await client.submit(ProbeRun(queue="notifier", seconds=60), brief)).job.id
    waits = (await client.submit(ProbeRun(queue="notifier"), JobOptions(retention=1, delay=60))).job.id
    done = (await client.submit(ProbeRun(queue="notifier"))).job.id
    await running(client, runs)
    await ended(client, done)

    # when all are cancelled
    for job_id in (runs, waits):
        await client.cancel(job_id)
    with pytest.raises(errors.AlreadyFinished):
        await client.cancel(done)

    # then the first two are
    states = [job.state for job in await ended(client, runs, waits)]
    assert states == [JobState.CANCELLED, JobState.CANCELLED]

    # and after their time Redis knows nothing of them
    with redis_server.client() as behind:

        def left() -> set[str]:
            found = mentions(behind, runs) | mentions(behind, waits)
            return {key for key in found if not key.startswith(SHOWN_LATER)}

        await true(lambda: not left())
        assert not behind.exists(ABORTS)
        assert mentions(behind, done), "the search finds what is there"


async def test_arqs_face_aborts_says_so_and_keeps_no_note_of_it(face_pool: FacePool) -> None:
    # given default settings but for the results, which are not kept
    async with face.working(face_pool, hang, keep_result=0):
        # when a job that runs and one that waits are aborted
        runs = await face_pool.enqueue_job("hang")
        waits = await face_pool.enqueue_job("hang", _defer_by=60)
        assert runs is not None
        assert waits is not None
        await eventually(runs.status, lambda status: status is JobStatus.in_progress)

        # then both say so
        assert await runs.abort(timeout=30)
        assert await waits.abort(timeout=30)
        assert not await face_pool.exists(ABORTS)
