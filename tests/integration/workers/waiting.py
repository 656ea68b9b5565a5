"""Waiting for what jobs become, always for a condition and with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from afterwork.contracts import Job, JobState
from afterwork.engine import JobClient
from afterwork.errors import QueueUnavailable

T = TypeVar("T")

LOOK = 0.02
"""Seconds between two looks."""


async def eventually(
    read: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, deadline: float = 30.0
) -> T:
    """The first value that holds; Redis may be away meanwhile. Raises TimeoutError with the last one."""
    end = time.monotonic() + deadline
    last: object = None
    while True:
        try:
            value = await read()
        except QueueUnavailable as error:
            last = error
        else:
            if holds(value):
                return value
            last = value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {deadline:g} s, last seen: {last}")
        await asyncio.sleep(LOOK)


async def true(condition: Callable[[], bool], *, deadline: float = 30.0) -> None:
    """Return as soon as the condition holds; the loop goes on meanwhile."""

    async def read() -> bool:
        return condition()

    await eventually(read, bool, deadline=deadline)


async def elapsed(seconds: float) -> None:
    """Return when a length of time that a test is about, such as an outage, has passed."""
    end = time.monotonic() + seconds
    await true(lambda: time.monotonic() >= end, deadline=seconds + 1)


async def ended(client: JobClient, *job_ids: str, deadline: float = 30.0) -> list[Job]:
    """The jobs, when all of them have ended."""
    return await _all(client, job_ids, lambda job: job.state.is_final, deadline)


async def running(client: JobClient, *job_ids: str, deadline: float = 30.0) -> list[Job]:
    """The jobs, each as it was when it was seen running."""
    return await _all(client, job_ids, lambda job: job.state is JobState.RUNNING, deadline)


def as_sent(*jobs: Job) -> list[dict[str, object]]:
    """The jobs, whenever they were read: two that are equal are in the same version, with the same history."""
    return [job.model_dump() for job in jobs]


async def _all(
    client: JobClient, job_ids: Iterable[str], holds: Callable[[Job], bool], deadline: float
) -> list[Job]:
    end = time.monotonic() + deadline
    found = []
    for job_id in job_ids:

        async def read(job_id: str = job_id) -> Job:
            return await client.get(job_id)

        found.append(await eventually(read, holds, deadline=max(0.0, end - time.monotonic())))
    return found
