"""How long a job waits for an idle worker, a client for its job, and a job for another worker after a crash."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import uvloop
from tests.bench.engine.figures import Found
from tests.bench.engine.stage import Stage, address, redis_server
from tests.bench.peers import program, service
from tests.bench.peers.catalog import OURS, Peer
from tests.processes import ServiceProcess
from tests.servers import wait_until

from afterwork.engine import JobClient

HELD = 10
"""Jobs that run on the worker that is killed."""
ACQUAINTED = 6.0
"""Seconds for which both workers have been up, as those of a fleet have."""
CRASH_DEADLINE = 120.0
"""Seconds within which all of them must have begun again."""


def pick_up(found: Found, peers: Sequence[Peer], *, jobs: int) -> None:
    """Jobs for a warm, idle worker, one each 20 ms: from the call of the client to the first line of the job."""
    for peer in peers:
        with Stage(peer) as stage:
            stage.warm_up(singly=20)
            stage.fill(spaced=jobs)
            stage.wait_until(partial(_has_noted, stage, jobs))
            found.pickups[peer.name] = [nanoseconds / 1e6 for nanoseconds in _lines(stage)]


def waiting(found: Found, *, jobs: int) -> None:
    """From the end of a job to the client that waits for it, each in its own process."""
    with Stage(OURS) as stage:
        stage.warm_up(singly=20)
        found.waits = uvloop.run(_waits(stage.url, jobs))


async def _waits(url: str, jobs: int) -> list[float]:
    async with JobClient.connect(url) as client:

        async def one() -> float:
            submitted = await client.submit(service.Nap())
            job = await client.wait(submitted.job.id, 60)
            now = time.monotonic_ns()
            return (now - int(job.result)) / 1e6

        waits = []
        for _ in range(jobs):
            waits.append(asyncio.create_task(one()))
            await asyncio.sleep(program.SPACING)
        return await asyncio.gather(*waits)


def crash(found: Found, *, rounds: int) -> None:
    """From `kill -9` of a worker, its lease as it comes, until another has begun the last of its jobs."""
    for _ in range(rounds):
        with redis_server() as server:
            found.crashes.append(_crash(address(server), server.directory / "delays"))


def _crash(url: str, notes: Path) -> float:
    notes.touch()
    settings = {"AFTERWORK_REDIS__URL": url, "AFTERWORK_LOG__LEVEL": "warning", "BENCH_DELAYS": str(notes)}

    def starts() -> list[int]:
        return [int(line) for line in notes.read_text().split()]

    with ServiceProcess("tests.bench.peers.service", None, **settings) as victim:
        asyncio.run(_hold(url))
        wait_until(lambda: len(starts()) == HELD)
        with ServiceProcess("tests.bench.peers.service", None, **settings):
            time.sleep(ACQUAINTED)
            victim.kill()
            killed = time.monotonic_ns()
            wait_until(lambda: len(starts()) == 2 * HELD, deadline=CRASH_DEADLINE, what="all began again")
    return (max(starts()) - killed) / 1e9


async def _hold(url: str) -> None:
    async with JobClient.connect(url) as client:
        await asyncio.gather(*(client.submit(service.Hold()) for _ in range(HELD)))


def _has_noted(stage: Stage, jobs: int) -> bool:
    return len(_lines(stage)) >= jobs


def _lines(stage: Stage) -> list[int]:
    return [int(line) for line in stage.delays.read_text().split()] if stage.delays.exists() else []
