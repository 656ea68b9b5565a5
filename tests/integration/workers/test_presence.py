"""A worker dies, is frozen, or loses a connection, with a lease much longer than the test: who is taken for dead."""

import time

import pytest
from tests.integration.workers import short_jobs, waiting
from tests.integration.workers.conftest import Services
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Job, JobState
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.engine import JobClient, keys
from afterwork.engine.jobs.presence import GONE_FOR

LEASE = 120
LONG_AFTER = GONE_FOR + 3.0
"""Seconds after which somebody who is missed would have been taken for dead."""


def control_connections(server: RedisServer, worker: str) -> list[str]:
    """The ids of the worker's connections that are subscribed."""
    with server.client() as client:
        return [one["id"] for one in client.client_list() if one["name"] == worker and one["sub"] != "0"]


def subscriptions(server: RedisServer, worker: str) -> int:
    with server.client() as client:
        return int(client.pubsub_numsub(keys.CONTROL + worker)[0][1])


async def all_present(server: RedisServer, count: int) -> None:
    """Every worker is on the roll and subscribed, so that all others have seen, or soon will have seen, it there."""

    def present() -> bool:
        with server.client() as client:
            names = [member.split(" ", 1)[1] for member in client.zrange(keys.WORKERS, 0, -1)]
        return len(names) == count and all(subscriptions(server, name) for name in names)

    await waiting.true(present)
    await waiting.elapsed(1.0)  # each looks every 0.9 s at least


@pytest.fixture
async def pair(
    client: JobClient, redis_server: RedisServer, services: Services
) -> tuple[ServiceProcess, ServiceProcess, Job]:
    """A worker with a running job, another one without, and the job."""
    first = services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=1)
    (job_id,) = await short_jobs.submit(client, 60)
    (job,) = await waiting.running(client, job_id)
    second = services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=1)
    await all_present(redis_server, 2)
    return first, second, job


Pair = tuple[ServiceProcess, ServiceProcess, Job]


async def test_the_jobs_of_a_killed_worker_start_again_long_before_its_lease_ends(
    client: JobClient, pair: Pair
) -> None:
    first, _, job = pair

    first.kill()
    killed_at = time.monotonic()
    again = await waiting.eventually(
        lambda: client.get(job.id), lambda job: job.claims == 2 and job.state is JobState.RUNNING
    )

    print(f"picked up {time.monotonic() - killed_at:.1f} s after the crash")
    assert again.worker != job.worker
    assert (again.deaths, again.attempt) == (1, 1)
    assert (await client.ledger()).imbalance == 0


async def test_a_frozen_worker_keeps_its_jobs(client: JobClient, pair: Pair) -> None:
    first, _, job = pair

    first.freeze()
    await waiting.elapsed(LONG_AFTER)
    first.thaw()

    seen = await client.get(job.id)
    assert (seen.claims, seen.worker, seen.deaths) == (1, job.worker, 0)


async def test_a_worker_whose_subscription_breaks_keeps_its_jobs(
    client: JobClient, redis_server: RedisServer, pair: Pair
) -> None:
    """If it cannot return, because the server takes no more clients, its other connections still show that it lives."""
    _, _, job = pair
    assert job.worker is not None
    with redis_server.client() as admin:
        (control,) = control_connections(redis_server, job.worker)
        admin.client_kill_filter(_id=control)
        await waiting.true(lambda: control_connections(redis_server, str(job.worker)) not in ([], [control]))

        (control,) = control_connections(redis_server, job.worker)
        clients = admin.config_get("maxclients")["maxclients"]
        admin.config_set("maxclients", 1)
        try:
            admin.client_kill_filter(_id=control)
            await waiting.elapsed(LONG_AFTER)
            assert admin.pubsub_numsub(keys.CONTROL + job.worker)[0][1] == 0
        finally:
            admin.config_set("maxclients", clients)

    seen = await client.get(job.id)
    assert (seen.claims, seen.worker, seen.deaths) == (1, job.worker, 0)


async def test_a_worker_whose_loop_is_blocked_keeps_its_jobs_when_its_subscription_breaks(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given
    services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=1)
    services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=1)
    await all_present(redis_server, 2)
    blocking = ProbeRun(queue="notifier", seconds=LONG_AFTER, mode=ProbeMode.BLOCKING)
    (running,) = await waiting.running(client, (await client.submit(blocking)).job.id)

    # when
    assert running.worker is not None
    with redis_server.client() as admin:
        for control in control_connections(redis_server, running.worker):
            admin.client_kill_filter(_id=control)
    (ended,) = await waiting.ended(client, running.id, deadline=60)

    # then
    short_jobs.assert_undisturbed([ended])


async def test_a_restart_of_redis_lets_nobody_be_taken_for_dead(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    # given two workers, one of which dies while Redis is away
    first = services.start("notifier", own_redis.url, lease=LEASE, worker__concurrency=1)
    ids = await short_jobs.submit(own_client, 60, count=2)
    await waiting.running(own_client, ids[0])
    services.start("notifier", own_redis.url, lease=LEASE, worker__concurrency=1)
    before = await waiting.running(own_client, *ids)
    await all_present(own_redis, 2)

    own_redis.kill()
    first.kill()
    own_redis.start()
    await waiting.true(lambda: bool(subscriptions(own_redis, str(before[1].worker))))
    await waiting.elapsed(LONG_AFTER)

    # then neither the living one loses its jobs, nor the dead one, whom nobody saw on this run of the server
    for job in before:
        seen = await own_client.get(job.id)
        assert (seen.claims, seen.worker, seen.deaths) == (1, job.worker, 0)
