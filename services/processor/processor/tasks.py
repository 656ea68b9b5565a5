"""Work that blocks for as long as it takes; it runs in a thread of its own, so nobody else waits for it."""

import time

from afterwork.contracts import Progress
from afterwork.contracts.processor import RunTask
from afterwork.engine import BlockingRun

PART = 0.5
"""Seconds between two reports, and within which it heeds that it was stopped."""


def run_task(job: RunTask, run: BlockingRun) -> Progress:
    """Block for the seconds that were asked for; the result says how many that were."""
    done = 0.0
    while done < job.seconds:
        run.progress(done, job.seconds)
        time.sleep(min(PART, job.seconds - done))
        done = min(done + PART, job.seconds)
    return Progress(done=done, total=job.seconds)
