"""Clients that wait for jobs, in the background of a test, and what they cost the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.integration.engine.transitions import Alpha, Transitions
from tests.integration.workers.waiting import true

from afterwork.contracts import Job
from afterwork.engine import JobClient, keys
from afterwork.engine.tasks import end


async def submit(client: JobClient) -> str:
    """The id of a new job."""
    return (await client.submit(Alpha())).job.id


def subscribers(transitions: Transitions, job_id: str) -> int:
    """How many connections listen for the job."""
    ((_, count),) = transitions.redis.pubsub_numsub(keys.CHANGED + job_id)
    return int(count)


async def followed(transitions: Transitions, *job_ids: str) -> None:
    """Return when the server has a subscription for each."""
    await true(lambda: all(subscribers(transitions, job_id) for job_id in job_ids))


def calls_of_scripts(transitions: Transitions) -> int:
    """How many ran, those not counted that the server did not know yet."""
    stats = transitions.redis.info("commandstats")
    counts = [stats.get(f"cmdstat_{name}", {"calls": 0, "failed_calls": 0}) for name in ("eval", "evalsha")]
    return sum(count["calls"] - count["failed_calls"] for count in counts)


@contextlib.asynccontextmanager
async def waiting(client: JobClient, *job_ids: str) -> AsyncIterator[list["asyncio.Task[Job]"]]:
    """One waiter for each job, cancelled on leaving if it still waits."""
    tasks = [asyncio.create_task(client.wait(job_id, timeout=60)) for job_id in job_ids]
    try:
        yield tasks
    finally:
        await end(tasks)
