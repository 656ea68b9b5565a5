"""Redis is away: everybody waits, nobody is declared dead, nothing is lost."""

from collections.abc import Callable

import pytest
from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced, assert_undisturbed, submit
from tests.servers import RedisServer

from afterwork.contracts import JobState
from afterwork.engine import JobClient
from afterwork.errors import QueueUnavailable

LEASE = 1.5


@pytest.mark.parametrize("end", [RedisServer.kill, RedisServer.stop], ids=["killed", "stopped"])
async def test_redis_is_restarted_and_all_jobs_go_on(
    own_client: JobClient, own_redis: RedisServer, services: Services, end: Callable[[RedisServer], None]
) -> None:
    two = [services.start("notifier", own_redis.url, lease=LEASE, worker__concurrency=10) for _ in range(2)]
    long = await submit(own_client, seconds=3, count=20)
    await waiting.running(own_client, *long)
    waiting_ones = await submit(own_client, seconds=0, count=10)

    end(own_redis)
    own_redis.start()
    new = await submit(own_client, seconds=0.1)

    assert_undisturbed(await waiting.ended(own_client, *long, *waiting_ones, *new))
    await assert_balanced(own_client)
    assert all(worker.is_running for worker in two)


async def outlive(
    client: JobClient, server: RedisServer, services: Services, *, lease: float, away: float
) -> None:
    """Two workers, with jobs that end before, during and after an absence of Redis that exceeds the lease."""
    # given
    two = [services.start("notifier", server.url, lease=lease) for _ in range(2)]
    during = await submit(client, seconds=away / 2, count=10)
    after = await submit(client, seconds=away * 1.4, count=10)
    await waiting.running(client, *during, *after)
    await waiting.true(lambda: two[0].get("/readyz").is_success)

    # when
    server.kill()
    with pytest.raises(QueueUnavailable):
        await client.ledger()
    await waiting.elapsed(away)
    server.start()

    # then
    new = await submit(client, seconds=0.1, count=10)
    assert_undisturbed(await waiting.ended(client, *new, *during, *after, deadline=away + 30))
    await assert_balanced(client)
    assert all(worker.is_running for worker in two)


async def test_redis_is_away_for_longer_than_a_lease_and_nobody_is_declared_dead(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    await outlive(own_client, own_redis, services, lease=LEASE, away=3 * LEASE)


async def test_redis_is_away_for_twenty_seconds_and_nobody_is_declared_dead(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    await outlive(own_client, own_redis, services, lease=15, away=20)


async def test_redis_is_restarted_again_and_again(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    services.start("notifier", own_redis.url, lease=LEASE)
    long = await submit(own_client, seconds=3, count=5)
    await waiting.running(own_client, *long)

    for _ in range(6):
        own_redis.kill()
        own_redis.start()
        short = await submit(own_client, seconds=0, count=3)
        assert_undisturbed(await waiting.ended(own_client, *short))

    assert_undisturbed(await waiting.ended(own_client, *long))


async def test_a_worker_that_died_while_redis_was_away_is_found_out(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    doomed = services.start("notifier", own_redis.url, lease=LEASE)
    (lost,) = await submit(own_client, seconds=1)
    await waiting.running(own_client, lost)

    own_redis.kill()
    doomed.kill()
    own_redis.start()
    services.start("notifier", own_redis.url, lease=LEASE)
    (job,) = await waiting.ended(own_client, lost)

    assert (job.state, job.attempt, job.deaths, job.claims) == (JobState.SUCCEEDED, 1, 1, 2)


async def test_a_worker_that_starts_while_redis_is_away_waits_for_it(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    own_redis.kill()
    worker = services.start("notifier", own_redis.url, lease=LEASE)
    await waiting.true(lambda: worker.get("/readyz").status_code == 503)

    own_redis.start()

    assert_undisturbed(await waiting.ended(own_client, *await submit(own_client, seconds=0)))


async def test_redis_hangs_for_longer_than_a_lease_and_nothing_is_lost(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    for _ in range(2):
        services.start("notifier", own_redis.url, lease=LEASE)
    long = await submit(own_client, seconds=1, count=20)
    await waiting.running(own_client, *long)

    own_redis.pause()
    await waiting.elapsed(2 * LEASE)
    own_redis.resume()

    for job in await waiting.ended(own_client, *long, *await submit(own_client, seconds=0)):
        assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1), job
        assert job.deaths <= 1, job
    await assert_balanced(own_client)
