"""Other serializers than pickle, and what the log says of pickle."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.arq.working import Context, burst, enqueued, working

from afterwork.arq import ArqRedis, Job, JobExecutionFailed, RedisSettings, SerializationError, create_pool


def dumps(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


async def double(_: Context, number: int) -> int:
    return 2 * number


async def fail(_: Context) -> None:
    raise ValueError("no")


async def test_jobs_and_results_are_written_as_the_user_likes(settings: RedisSettings) -> None:
    pool = await create_pool(settings, job_serializer=dumps, job_deserializer=json.loads)
    good, bad = await enqueued(pool, "double", 4), await enqueued(pool, "fail")
    stored = await pool.get(f"arq:job:{good.job_id}")

    await burst(settings, double, fail, job_serializer=dumps, job_deserializer=json.loads)

    assert json.loads(stored)["f"] == "double"
    assert await good.result(timeout=30) == 8
    info = await good.result_info()
    assert info is not None
    assert list(info.args) == [4]
    with pytest.raises(SerializationError, match="unable to serialize result"):
        await bad.result(timeout=30)
    await pool.aclose(close_connection_pool=True)


async def test_a_worker_with_another_serializer_fails_the_job_and_goes_on(
    pool: ArqRedis, settings: RedisSettings
) -> None:
    job = await enqueued(pool, "double", 4)
    async with working(settings, double, job_serializer=dumps, job_deserializer=json.loads):
        told = Job(job.job_id, pool, _deserializer=json.loads)
        with pytest.raises((SerializationError, JobExecutionFailed)):
            await told.result(timeout=30)


async def test_json_is_recommended_once(
    pool: ArqRedis, settings: RedisSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    await burst(settings, double)
    assert capsys.readouterr().out.count("are recommended") == 1

    await burst(settings, double, job_serializer=dumps, job_deserializer=json.loads)
    assert "are recommended" not in capsys.readouterr().out


async def test_lengths_of_time_may_be_timedeltas(pool: ArqRedis, settings: RedisSettings) -> None:
    job = await enqueued(pool, "double", 1)
    await burst(settings, double, keep_result=timedelta(seconds=50), job_timeout=timedelta(seconds=9))

    assert 40 < await pool.ttl(f"arq:result:{job.job_id}") <= 50
