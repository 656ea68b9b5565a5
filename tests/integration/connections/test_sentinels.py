"""Behind sentinels: whoever is the primary is found, and a failover in the middle of jobs costs none of them."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from click.testing import CliRunner
from tests.integration.engine.reports import codes
from tests.integration.workers.waiting import ended, eventually, running
from tests.processes import TRIAL, ServiceProcess, variables
from tests.sentinels import HOST, NAME, Pair, Sentinel
from tests.servers import redis_binary, wait_until

from afterwork.contracts import Job, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.doctor_command import doctor
from afterwork.engine import IdempotencyKey, JobClient

pytestmark = pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Pair() as running:
        yield running


async def submitted(client: JobClient, seconds: float) -> Job:
    """A job that is stored once, however often that must be tried."""
    key = IdempotencyKey(str(uuid4()), b"body")
    job = ProbeRun(queue="notifier", seconds=seconds)
    return (await eventually(lambda: client.submit(job, idempotency=key), bool)).job


async def test_a_failover_in_the_middle_of_jobs_loses_none_that_the_replica_had(pair: Pair) -> None:
    settings = variables(redis__url=pair.url, lease=2, **TRIAL)
    with (
        ServiceProcess("notifier", None, **settings) as worker,
        ServiceProcess("gateway", None, **settings) as gateway,
    ):
        async with JobClient.connect(pair.url) as client:
            # given jobs that run and jobs that wait, all of which the replica has
            before = [await submitted(client, seconds) for seconds in (3, 3, 0.1, 0.1)]
            before.append((await client.submit(ProbeRun(queue="notifier"))).job)
            await running(client, before[0].id, before[1].id)
            pair.await_replica()

            # when the primary is killed
            pair.primary.kill()
            after = [await submitted(client, 0.1) for _ in range(10)]

            # then all of them succeed at the new primary, and the books balance there
            jobs = await ended(client, *(job.id for job in [*before, *after]), deadline=60)
            assert {job.state for job in jobs} == {JobState.SUCCEEDED}
            assert (await client.ledger()).imbalance == 0
            wait_until(lambda: gateway.get("/readyz").status_code == 200)
            wait_until(lambda: worker.get("/readyz").status_code == 200)
            with pair.replica.client() as promoted:
                assert promoted.info("replication")["role"] == "master"
        found = await asyncio.to_thread(CliRunner().invoke, doctor, ["--redis-url", pair.url])
        assert found.exit_code == 0, found.output

        # and the old primary comes back as a replica, of which nobody takes notice
        pair.primary.start()
        with pair.primary.client() as old:
            wait_until(lambda: old.info("replication")["role"] == "slave")
        assert await codes(pair.url) == []


async def test_a_primary_that_no_sentinel_knows_is_waited_for(pair: Pair) -> None:
    assert await codes(pair.url.replace(NAME, "nobody")) == ["no-primary"]
    assert await codes(pair.url) == []

    pair.sentinel.stop()

    assert await codes(pair.url) == ["no-primary"]


async def test_sentinels_may_have_a_password_of_their_own(pair: Pair) -> None:
    with Sentinel(int(pair.primary.options["port"]), password="secret") as guarded:
        url = f"redis+sentinel://{HOST}:{guarded.port}/{NAME}/0"

        assert await codes(f"{url}?sentinel_password=secret") == []
        assert await codes(f"{url}?sentinel_password=false") == ["no-primary"]
        assert await codes(url) == ["no-primary"]
