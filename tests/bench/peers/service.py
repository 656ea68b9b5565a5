"""A service of Afterwork with kinds of its own, started as every service is, records, ledger and events on."""

import asyncio
import time

from tests.bench.peers import program

from afterwork.contracts import Contract
from afterwork.engine import JobRouter, Run
from afterwork.service import ServiceSettings, run_service
from afterwork.telemetry import configure_logging

QUEUE = "bench"
NAP = 0.05
"""Seconds for which a `bench.nap` runs, so that whoever waits for its end has asked before it comes."""
HOLD = 300
"""Seconds for which a `bench.hold` runs unless its worker dies."""


class Noop(Contract, kind="bench.noop", queue=QUEUE, timeout=60):
    """The same as the peers' job."""

    sent: int


class Nap(Contract, kind="bench.nap", queue=QUEUE, timeout=60):
    """Sleeps, and returns when it ended, in nanoseconds of the monotonic clock."""


class Hold(Contract, kind="bench.hold", queue=QUEUE, timeout=2 * HOLD):
    """Notes when it started, then sleeps until its worker dies."""


jobs = JobRouter(QUEUE)


@jobs.handles(Noop)
async def noop(job: Noop, _run: Run) -> None:
    """Nothing, or a note of the delay."""
    await program.noop(job.sent)


@jobs.handles(Nap)
async def nap(_job: Nap, _run: Run) -> int:
    """Sleep a little."""
    await asyncio.sleep(NAP)
    return time.monotonic_ns()


@jobs.handles(Hold)
async def hold(_job: Hold, _run: Run) -> None:
    """The note is the monotonic clock itself: nothing was sent at its zero."""
    program.note(0)
    await asyncio.sleep(HOLD)


def main() -> None:
    """As the `__main__` of a service."""
    settings = ServiceSettings.load()
    configure_logging(settings.log)
    run_service(jobs, settings)


if __name__ == "__main__":
    main()
