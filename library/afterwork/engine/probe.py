"""The handler of `probe.run`, which every service has."""

import asyncio
import os
import signal
import time

from afterwork.contracts.probe import ProbeFailure, ProbeMode, ProbeRun
from afterwork.engine.outcome import Fail
from afterwork.engine.run import Run


class ProbeFailed(Exception):
    """The probe was asked to fail."""


async def run_probe(job: ProbeRun, run: Run) -> dict[str, int | float]:
    """Spend the time as asked, then end as asked; the result names attempt and seconds."""
    if job.mode is ProbeMode.BLOCKING:
        time.sleep(job.seconds)  # noqa: ASYNC251 - a blocked loop is what this mode is for
    else:
        await asyncio.sleep(job.seconds)
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
