"""`Duties`: lapsed leases are taken back and old jobs removed in the background, and Redis may go away meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.integration.engine.transitions import ScriptedWorker, Transitions, new_job
from tests.servers import RedisServer

from afterwork.engine import Duties, JobClient, keys

LEASE = 0.3
"""s"""


async def until(condition: Callable[[], bool], *, deadline: float = 10) -> None:
    """Wait for a condition while the loop goes on."""
    async with asyncio.timeout(deadline):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def duties(engine_server: RedisServer, transitions: Transitions) -> AsyncIterator[Transitions]:
    """Running on an aged server, with the tests' clock left alone."""
    transitions.use_real_clock()
    async with JobClient.connect(engine_server.url) as client, Duties(client, lease=LEASE):
        yield transitions


async def test_a_lapsed_lease_is_taken_back_when_nobody_claims(duties: Transitions) -> None:
    duties.submit(new_job("a"))
    ScriptedWorker(duties, lease=50).claim()
    assert duties.record("a")["state"] == "running"

    await until(lambda: duties.record("a")["state"] == "waiting")

    assert duties.record("a")["deaths"] == "1"


async def test_more_ended_jobs_than_one_call_removes_are_removed(duties: Transitions) -> None:
    # given 250 jobs whose retention is over
    ids = [f"{i:03}" for i in range(250)]
    for start in range(0, 250, 50):
        duties.submit(*map(new_job, ids[start : start + 50]))
    for job_id in ids:
        duties.cancel(job_id)
    duties.redis.zadd(keys.EXPIRY, dict.fromkeys(ids, 1))

    await until(lambda: duties.ledger()["swept"] == 250)

    assert duties.ledger()["imbalance"] == 0


async def test_ended_jobs_that_are_too_many_are_removed(
    engine_server: RedisServer, transitions: Transitions
) -> None:
    # given 150 jobs that have just ended
    transitions.use_real_clock()
    for start in range(0, 150, 50):
        ids = [f"{start + i:03}" for i in range(50)]
        transitions.submit(*map(new_job, ids))
        for job_id in ids:
            transitions.cancel(job_id)

    # when the duties are to keep seven
    async with (
        JobClient.connect(engine_server.url) as client,
        Duties(client, lease=LEASE, max_finished=7),
    ):
        await until(lambda: transitions.ledger()["swept"] == 143)

    # then the last seven are there
    assert transitions.list_ids() == [f"{i:03}" for i in range(149, 142, -1)]


async def test_an_outage_kills_nobody_and_duties_go_on_afterwards(engine_server: RedisServer) -> None:
    # given a running job, and Redis away for longer than its lease
    with RedisServer(engine_server.binary) as server:
        async with JobClient.connect(server.url) as client, Duties(client, lease=1):
            with Transitions(server) as before:
                before.use_real_clock()
                before.submit(new_job("a"))
                claims = ScriptedWorker(before, "first", lease=1000).claim()
            server.stop()
            stopped = time.monotonic()
            await until(lambda: time.monotonic() - stopped > 1)
            server.start()
            with Transitions(server) as transitions:
                transitions.use_real_clock()
                lapse = transitions.redis.zscore("aw:leases:q", "a")

                # when the duties come around again after its lease has lapsed
                def lease_is_extended() -> bool:
                    return bool(transitions.redis.zscore("aw:leases:q", "a") > lapse)

                await until(lease_is_extended)

                # then the holder can still renew
                assert ScriptedWorker(transitions, "first", lease=1000).renew(*claims) == ["ok"]
                assert transitions.record("a")["deaths"] == "0"
