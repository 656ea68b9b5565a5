"""A queue whose key somebody has made something else: its jobs wait until that is gone, and then they run."""

import pytest
from tests.integration.arq.working import enqueued, working
from tests.integration.workers.waiting import eventually, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis, RedisSettings
from afterwork.engine import JobClient


async def double(ctx: dict[str, object], number: int) -> int:
    return 2 * number


async def test_jobs_wait_for_a_queue_that_is_broken(
    pool: ArqRedis,
    settings: RedisSettings,
    client: JobClient,
    redis_server: RedisServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # given a worker of a queue, whose key somebody makes his own
    async with working(settings, double, lease=1):
        assert await (await enqueued(pool, "double", 1)).result(timeout=30) == 2
        with redis_server.client() as redis:
            redis.set("arq:queue", "not ours")
            jobs = [await enqueued(pool, "double", number) for number in range(5)]
            await eventually(client.ledger, lambda ledger: ledger.imbalance == 5)
            await true(lambda: "key=arq:queue" in capsys.readouterr().out)

            # then they run when it is gone
            redis.delete("arq:queue")
            assert [await job.result(timeout=30) for job in jobs] == [0, 2, 4, 6, 8]
    assert (await client.ledger()).imbalance == 0


async def test_a_count_of_tries_that_is_none_costs_only_its_own_job(
    pool: ArqRedis, settings: RedisSettings, client: JobClient, redis_server: RedisServer
) -> None:
    # given jobs whose counts of tries somebody has made lists, which come due among others
    spoilt = [await enqueued(pool, "double", number, _job_id=f"spoilt-{number}") for number in range(3)]
    with redis_server.client() as redis:
        for job in spoilt:
            redis.lpush(f"arq:retry:{job.job_id}", "not ours")
    jobs = [await enqueued(pool, "double", number) for number in range(10)]

    # when a worker comes
    async with working(settings, double, lease=1):
        results = [await job.result(timeout=30) for job in jobs]

        # then the others run as if nothing were, at their first try
        assert results == [2 * number for number in range(10)]
        found = [await client.get(job.job_id) for job in jobs]
        assert {(one.attempt, one.deaths) for one in found} == {(1, 0)}

        # and the spoilt ones do when their counts are gone
        with redis_server.client() as redis:
            redis.delete(*(f"arq:retry:{job.job_id}" for job in spoilt))
        assert [await job.result(timeout=30) for job in spoilt] == [0, 2, 4]
