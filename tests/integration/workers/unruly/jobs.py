"""The table of contents of the unruly service."""

import asyncio
from pathlib import Path

from tests.integration.workers.unruly.blocks import BEGUN, BLOCKS
from tests.integration.workers.unruly.contracts import (
    QUEUE,
    Behave,
    Block,
    Hold,
    Isolate,
    Misbehave,
    Share,
    Work,
)
from tests.integration.workers.unruly.isolated import ISOLATED
from tests.integration.workers.unruly.manners import MANNERS
from tests.integration.workers.unruly.plain import PLAIN

from afterwork.engine import BlockingRun, IsolatedRun, JobRouter, Run

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


@jobs.handles(Share)
async def share(job: Share, run: Run) -> int:
    until = Path(job.until)
    while not until.exists():  # noqa: ASYNC240 - as above
        await asyncio.sleep(0.02)
    return run.attempt


@jobs.handles(Block)
async def block(job: Block, run: Run) -> str:
    BEGUN.set()
    for _ in range(job.turns):
        await asyncio.sleep(0)
    await BLOCKS[job.manner](job.seconds)
    return "blocked"


@jobs.handles(Work)
def work(job: Work, run: BlockingRun) -> object:
    return PLAIN[job.manner](run, Path(job.until))


@jobs.handles(Isolate, isolated=True, memory=300 * 2**20)
def isolate(job: Isolate, run: IsolatedRun) -> object:
    return ISOLATED[job.manner](run, Path(job.until))


@jobs.handles(Hold)
async def hold(job: Hold, run: Run) -> str:
    await BEGUN.wait()
    return "held"
