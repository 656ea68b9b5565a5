"""A worker cannot reach Redis, which others can: it stops its jobs itself, and nothing is lost or done again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fault_proxy import FaultProxy
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced, assert_undisturbed, submit
from tests.integration.workers.unruly.contracts import QUEUE, Behave
from tests.servers import RedisServer

from afterwork.contracts import JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

LEASE = 1.5


@pytest.fixture
def network(own_redis: RedisServer) -> Iterator[FaultProxy]:
    with FaultProxy(own_redis.socket) as between:
        yield between


async def test_a_worker_that_is_cut_off_stops_its_jobs_and_another_one_runs_them(
    own_client: JobClient, own_redis: RedisServer, services: Services, network: FaultProxy, tmp_path: Path
) -> None:
    # given two workers, one of which reaches Redis through a network, and runs ten jobs
    cut_off = services.start(unruly.MODULE, network.url, lease=LEASE, worker__concurrency=10)
    started = tmp_path / "started"
    behave = Behave(until=f"{tmp_path}/until", started=str(started))
    long = [(await own_client.submit(behave)).job.id for _ in range(10)]
    await waiting.true(lambda: started.exists() and len(started.read_text().splitlines()) == 10)
    first = {job.id: job.worker for job in await waiting.running(own_client, *long)}
    services.start(unruly.MODULE, own_redis.url, lease=LEASE, worker__concurrency=10)

    # when the network becomes a black hole
    network.black_hole()

    # then the worker that is cut off stops the jobs itself, and the other one runs them
    labels = {"queue": QUEUE, "kind": behave.meta.kind}
    await waiting.true(
        lambda: cut_off.metric("afterwork_leases_lost_total", **labels) == 10, deadline=3 * LEASE
    )
    assert "no renewal for a whole lease" in cut_off.log
    await waiting.true(lambda: len(started.read_text().splitlines()) == 20)
    (tmp_path / "until").touch()
    jobs = await waiting.ended(own_client, *long)
    for job in jobs:
        assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 2, 1), job
        assert job.worker != first[job.id]

    # and when the network is mended, it works again, its old claims forgotten
    network.mend()
    await waiting.true(lambda: cut_off.get("/readyz").is_success)
    probe = ProbeRun(queue=QUEUE, seconds=1)
    new = [(await own_client.submit(probe)).job.id for _ in range(15)]
    more = await waiting.ended(own_client, *new)
    assert_undisturbed(more)
    assert first[long[0]] in {job.worker for job in more}
    again = [await own_client.get(job.id) for job in jobs]
    assert waiting.as_sent(*again) == waiting.as_sent(*jobs), "late messages changed nothing"
    await assert_balanced(own_client)


async def test_a_worker_that_is_cut_off_for_less_than_its_lease_keeps_its_jobs(
    own_client: JobClient, own_redis: RedisServer, services: Services, network: FaultProxy
) -> None:
    services.start("notifier", network.url, lease=4 * LEASE)
    services.start("notifier", own_redis.url, lease=4 * LEASE, worker__concurrency=1)
    long = await submit(own_client, seconds=4 * LEASE, count=10)
    await waiting.running(own_client, *long)

    network.black_hole()
    await waiting.elapsed(1.5 * LEASE)
    network.mend()

    assert_undisturbed(await waiting.ended(own_client, *long))


async def test_a_worker_that_is_cut_off_alone_goes_on_with_its_work_afterwards(
    own_client: JobClient, services: Services, network: FaultProxy
) -> None:
    services.start("notifier", network.url, lease=LEASE)
    long = await submit(own_client, seconds=1, count=10)
    await waiting.running(own_client, *long)

    network.black_hole()
    await waiting.elapsed(3 * LEASE)
    late = await submit(own_client, seconds=0.1, count=10)
    network.mend()

    for job in await waiting.ended(own_client, *long, *late):
        assert job.state is JobState.SUCCEEDED
        assert job.deaths <= 1, job
    await assert_balanced(own_client)


async def test_lost_answers_make_nothing_happen_twice(
    own_client: JobClient, services: Services, network: FaultProxy, tmp_path: Path
) -> None:
    # given a worker with one slot, whose requests arrive but whose answers do not
    worker = services.start(unruly.MODULE, network.url, lease=6 * LEASE, worker__concurrency=1)
    started = tmp_path / "started"
    behave = Behave(until=f"{tmp_path}/until", started=str(started))
    first = (await own_client.submit(behave)).job.id
    await waiting.true(started.exists)
    second, third = [(await own_client.submit(behave)).job.id for _ in range(2)]
    network.lose_answers()

    # when it ends one job and claims the next without hearing of it, until it asks again
    (tmp_path / "until").touch()
    ended = await waiting.ended(own_client, first)
    await waiting.running(own_client, second)
    await waiting.true(lambda: "worker waits for Redis" in worker.log)
    network.mend()

    # then it learns of both, and nothing is done again
    assert_undisturbed(await waiting.ended(own_client, first, second, third))
    assert started.read_text().split() == [first, second, third]
    assert waiting.as_sent(*await waiting.ended(own_client, first)) == waiting.as_sent(*ended)
    await assert_balanced(own_client)


async def test_a_worker_whose_connections_are_reset_keeps_its_jobs_and_goes_on(
    own_client: JobClient, services: Services, network: FaultProxy
) -> None:
    worker = services.start("notifier", network.url, lease=4 * LEASE)
    long = await submit(own_client, seconds=2, count=5)
    await waiting.running(own_client, *long)

    for _ in range(5):
        await waiting.true(lambda: network.connections > 0)
        network.cut()
        assert_undisturbed(await waiting.ended(own_client, *await submit(own_client, seconds=0)))

    assert_undisturbed(await waiting.ended(own_client, *long))
    assert worker.is_running
    assert network.resets >= 5
