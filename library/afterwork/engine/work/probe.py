"""The handler of `probe.run`, which every service has."""

import asyncio
import os
import signal
import time

from afterwork.contracts.probe import ProbeFailure, ProbeMode, ProbeRun
from afterwork.engine.work.outcome import Fail
from afterwork.engine.work.run import Run
from afterwork.sandbox import Sandbox

PART = 0.5
"""Seconds between two reports of a probe."""
MEBIBYTE = 2**20


class ProbeFailed(Exception):
    """The probe was asked to fail."""


async def run_probe(job: ProbeRun, run: Run) -> dict[str, int | float]:
    """Spend the time as asked, then end as asked; the result names attempt and seconds."""
    await _spend(job, run)
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


def burn(seconds: float) -> None:
    """In a child: keep a core busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        """Nothing but the time passes."""


def hold(megabytes: int, seconds: float) -> None:
    """In a child: take so many MiB, one after the other, then hold them."""
    held = [bytearray(b"x" * MEBIBYTE) for _ in range(megabytes)]
    time.sleep(seconds)
    del held


async def _spend(job: ProbeRun, run: Run) -> None:
    match job.mode:
        case ProbeMode.BLOCKING:
            time.sleep(job.seconds)  # noqa: ASYNC251 - a blocked loop is what this mode is for
        case ProbeMode.CPU:
            await run.part(Sandbox).run(burn, job.seconds)
        case ProbeMode.MEMORY:
            await run.part(Sandbox).run(hold, job.megabytes, job.seconds)
        case ProbeMode.ASYNC:
            await _pass_time(job.seconds, run)


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
