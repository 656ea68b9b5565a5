"""The handler of `probe.run`, which every service has."""

import asyncio
import os
import signal
import time

from afterwork.contracts.probe import ProbeFailure, ProbeMode, ProbeRun
from afterwork.engine.work.outcome import Fail
from afterwork.engine.work.run import Run

PART = 0.5
"""Seconds between two reports of a probe."""


class ProbeFailed(Exception):
    """The probe was asked to fail."""


async def run_probe(job: ProbeRun, run: Run) -> dict[str, int | float]:
    """Spend the time as asked, then end as asked; the result names attempt and seconds."""
    if job.mode is ProbeMode.BLOCKING:
        time.sleep(job.seconds)  # noqa: ASYNC251 - a blocked loop is what this mode is for
    else:
        await _pass_time(job.seconds, run)
    match job.fail:
        case ProbeFailure.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case ProbeFailure.PERMANENT:
            message = "the probe was asked to fail for good"
            raise Fail(message)
        case ProbeFailure.ALWAYS:
            message = "the probe was asked to fail always"
            raise ProbeFailed(message)
        case ProbeFailure.ONCE if run.attempt == 1:
            message = "the probe was asked to fail once"
            raise ProbeFailed(message)
    return {"attempt": run.attempt, "seconds": job.seconds}


async def _pass_time(seconds: float, run: Run) -> None:
    """Report from half a second on, so that there is something to see; shorter probes are for speed."""
    if seconds < PART:
        await asyncio.sleep(seconds)
        return
    run.logger.info("the probe begins", seconds=seconds)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        run.progress(round(passed, 3), seconds, "waiting")
        await asyncio.sleep(min(PART, seconds - passed))
    run.progress(seconds, seconds, "done")
