"""The table of contents of the appender."""

import asyncio
import os

from tests.chaos.appender.contracts import QUEUE, Append

from afterwork.engine import JobRouter, Run

jobs = JobRouter(QUEUE)


class FailedOnceError(Exception):
    """As it was asked to."""


@jobs.handles(Append)
async def append(job: Append, run: Run) -> int:
    """The effect is not idempotent on purpose: who runs it twice leaves two lines."""
    if job.fails_once and run.attempt == 1:
        raise FailedOnceError
    await asyncio.sleep(job.seconds / 2)
    write_line(job.file, f"{run.job_id} {run.attempt} {run.worker}\n")
    await asyncio.sleep(job.seconds / 2)
    return run.attempt


def write_line(file: str, line: str) -> None:
    """In one write, so that the lines of several processes do not mix (POSIX write, O_APPEND)."""
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened, line.encode())
    finally:
        os.close(opened)
