"""The table of contents of the unruly service."""

import asyncio
from pathlib import Path

from tests.integration.workers.unruly.contracts import QUEUE, Behave, Misbehave
from tests.integration.workers.unruly.manners import MANNERS

from afterwork.engine import JobRouter, Run

jobs = JobRouter(QUEUE)


@jobs.handles(Misbehave)
async def misbehave(job: Misbehave, run: Run) -> object:
    return await MANNERS[job.manner](run)


@jobs.handles(Behave)
async def behave(job: Behave, run: Run) -> int:
    with Path(job.started).open("a", encoding="utf-8") as started:  # noqa: ASYNC230 - a line, in one write
        started.write(f"{run.job_id}\n")
    until = Path(job.until.format(worker=run.worker))
    while not until.exists():  # noqa: ASYNC240 - as above
        await asyncio.sleep(0.02)
    return run.attempt
