"""Redis, or the whole machine, stands still and goes on: calls that waited meanwhile declare nobody dead."""

from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced, submit
from tests.servers import RedisServer

from afterwork.contracts import JobState
from afterwork.engine import Duties, JobClient

LEASE = 1.5


async def test_a_frozen_server_declares_nobody_dead_when_it_goes_on(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    # given three workers with jobs that outlast a freeze, and somebody else who reaps
    for _ in range(3):
        services.start("notifier", own_redis.url, lease=LEASE, worker__concurrency=10)
    jobs = await submit(own_client, seconds=8, count=9)
    await waiting.running(own_client, *jobs)

    async with Duties(own_client, lease=LEASE):
        # when the server is frozen for longer than a lease, twice
        for _ in range(2):
            own_redis.pause()
            await waiting.elapsed(2 * LEASE)
            own_redis.resume()
            await waiting.running(own_client, *jobs)
        ended = await waiting.ended(own_client, *jobs, deadline=60)

    # then every job succeeds at its first attempt, under no death
    assert {(job.state, job.attempt, job.deaths) for job in ended} == {(JobState.SUCCEEDED, 1, 0)}
    await assert_balanced(own_client)


async def test_a_machine_that_slept_declares_nobody_dead_when_it_wakes(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    # given three workers with running jobs
    three = [services.start("notifier", own_redis.url, lease=LEASE, worker__concurrency=10) for _ in range(3)]
    jobs = await submit(own_client, seconds=4, count=9)
    await waiting.running(own_client, *jobs)

    # when server and workers stand still for longer than a lease
    own_redis.pause()
    for worker in three:
        worker.freeze()
    await waiting.elapsed(3 * LEASE)
    for worker in three:
        worker.thaw()
    own_redis.resume()

    # then every job succeeds at its first attempt, under no death
    ended = await waiting.ended(own_client, *jobs, deadline=60)
    assert {(job.state, job.attempt, job.deaths) for job in ended} == {(JobState.SUCCEEDED, 1, 0)}
    await assert_balanced(own_client)
