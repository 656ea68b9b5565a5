"""A kind whose jobs report what they are told to, when they are told to; worked in the process of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.servers import RedisServer

from afterwork.contracts import Contract
from afterwork.engine import JobRouter, Run
from afterwork.engine.work.worker import Worker, WorkerOptions


class Talk(Contract, kind="test.talk", queue="notifier", max_attempts=3, timeout=60):
    """Log lines and report progress, a step each time the test lets it, and fail the first `failures` attempts."""

    steps: int = 1
    lines: int = 2
    length: int = 10
    failures: int = 0


def talking(gate: asyncio.Semaphore) -> JobRouter:
    """The handlers of the notifier's queue. gate: acquired before each step."""
    jobs = JobRouter("notifier")

    @jobs.handles(Talk)
    async def talk(job: Talk, run: Run) -> int:
        for step in range(job.steps):
            await gate.acquire()
            for line in range(job.lines):
                text = f"attempt {run.attempt} step {step} line {line} {'x' * job.length}"
                run.logger.info(text)
            run.progress(step + 1, job.steps)
        if run.attempt <= job.failures:
            message = "not yet"
            raise ValueError(message)
        return job.steps

    return jobs


@asynccontextmanager
async def working(server: RedisServer, router: JobRouter) -> AsyncIterator[Worker]:
    """A worker in this process, which ends at once on leaving."""
    worker = Worker(router, WorkerOptions(server.url, lease=5, grace=0))
    running = asyncio.create_task(worker.async_run())
    try:
        yield worker
    finally:
        worker.drain()
        await running
        await worker.close()
