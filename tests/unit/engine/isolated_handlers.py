"""Handlers that are run in a child process: in a module of their own, because a child finds them by their name."""

import os
from collections.abc import Callable

import structlog

from afterwork.contracts import Contract
from afterwork.engine import Fail, IsolatedRun, JobRouter, Run, Snooze
from afterwork.errors import InputInvalid

log = structlog.get_logger()


class Do(Contract, kind="isolated.do", queue="isolated", max_attempts=2, timeout=30):
    """Do what it says."""

    what: str
    number: float = 0.0


class Stay(Contract, kind="isolated.stay", queue="isolated"):
    """Stay in the process of the worker."""


jobs = JobRouter("isolated")


def report(_: Do, run: IsolatedRun) -> None:
    run.logger.info("halfway", rows=3, odd={1})
    log.warning("from a module")
    run.progress(1, 2, "half")
    run.checkpoint({"row": 41})


def raise_it(error: Exception) -> object:
    raise error


DEEDS: dict[str, Callable[[Do, IsolatedRun], object]] = {
    "say where": lambda *_: os.getpid(),
    "tell": lambda job, run: [
        run.job_id,
        run.kind,
        run.attempt,
        run.max_attempts,
        run.worker,
        run.checkpointed,
        job.number,
    ],
    "report": report,
    "give up": lambda *_: raise_it(Fail("there is: nothing")),
    "come back": lambda *_: raise_it(Snooze(60)),
    "refuse": lambda *_: raise_it(InputInvalid("row 7 is ragged")),
    "fail": lambda *_: raise_it(LookupError("gone")),
    "eat": lambda *_: len([bytearray(b"x" * 2**20) for _ in range(3000)]),
    "keep too much": lambda _, run: run.checkpoint("x" * 70_000),
    "return too much": lambda *_: "x" * (2**20 + 1),
    "return no JSON": lambda *_: object(),
    "ask for a part": lambda _, run: run.part(JobRouter),
}


@jobs.handles(Do, isolated=True, memory=400 * 2**20)
def do(job: Do, run: IsolatedRun) -> object:
    return DEEDS[job.what](job, run)


@jobs.handles(Stay)
async def stay(job: Stay, run: Run) -> int:
    return os.getpid()
