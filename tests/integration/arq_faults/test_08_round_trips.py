"""Fault 8: ARQ goes to Redis and back three times for each job that is enqueued, and six times for each that is run.

Counted by the server: each time that it reads from a connection is a round trip of one caller.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from arq.connections import ArqRedis
from tests.integration.arq_faults import stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced
from tests.integration.workers.waiting import eventually
from tests.servers import RedisServer

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, Submission

FEW = 200
MANY = 2000
CHUNK = 100


@dataclass(slots=True)
class RoundTrips:
    """count: how many there were in the block, for each job."""

    count: float = 0.0


@contextmanager
def round_trips(server: RedisServer, *, jobs: int) -> Iterator[RoundTrips]:
    """Count what happens in the block."""
    counted = RoundTrips()
    with server.client() as behind:
        behind.config_resetstat()
        yield counted
        counted.count = behind.info("stats")["total_reads_processed"] / jobs


async def note(_: object) -> None:
    """Nothing but a run."""


async def test_stock_arq_takes_three_round_trips_to_enqueue_and_six_to_run(
    pool: ArqRedis, redis_server: RedisServer
) -> None:
    with round_trips(redis_server, jobs=FEW) as enqueued:
        await asyncio.gather(*(pool.enqueue_job("note") for _ in range(FEW)))
    with round_trips(redis_server, jobs=FEW) as run:
        await stock.burst(pool, note, max_jobs=100)

    assert enqueued.count >= 3
    assert run.count >= 6


async def test_concurrent_submits_share_their_round_trips(
    client: JobClient, redis_server: RedisServer
) -> None:
    with round_trips(redis_server, jobs=FEW) as submitted:
        await asyncio.gather(*(client.submit(ProbeRun(queue="notifier")) for _ in range(FEW)))

    assert submitted.count < 0.3


async def test_jobs_share_the_round_trips_of_their_worker(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a queue full of jobs
    for _ in range(MANY // CHUNK):
        await client.submit_many([Submission.of(ProbeRun(queue="notifier")) for _ in range(CHUNK)])
    last = (await client.submit(ProbeRun(queue="notifier"))).job.id

    # when they are worked, with all that the worker asks besides
    with round_trips(redis_server, jobs=MANY) as run:
        services.start("notifier", redis_server.url)
        await client.wait(last, timeout=60)
        await eventually(client.ledger, lambda ledger: ledger.succeeded == MANY + 1)

    # then it has cost no more than a fraction of a round trip each
    assert run.count < 0.5
    await assert_balanced(client)
