"""Fault 9: ARQ unpickles what stands in Redis, so whoever can write there runs code in workers and clients."""

import pickle
from contextlib import suppress
from pathlib import Path

import pytest
from arq.connections import ArqRedis
from arq.jobs import DeserializationError, Job
from tests.integration.arq_faults import stock
from tests.integration.workers.conftest import Services
from tests.integration.workers.waiting import ended, eventually
from tests.servers import RedisServer

from afterwork.contracts import JobQuery, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

LANE = "aw:lane:notifier:probe.run:normal"


class WritesAFile:
    """What is made of it by unpickling is an empty file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self._path,)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The file that is there as soon as somebody has unpickled the job."""
    return tmp_path / "written by a pickle"


def is_unpickled(written: Path) -> bool:
    return written.exists()


@pytest.fixture
def trap(written: Path) -> bytes:
    return pickle.dumps(WritesAFile(written))


async def test_a_stock_worker_runs_what_was_pickled(pool: ArqRedis, written: Path, trap: bytes) -> None:
    await pool.set("arq:job:trap", trap)
    await pool.zadd("arq:queue", {"trap": 1})

    async def note(_: object) -> None:
        """Never called."""

    await stock.burst(pool, note)

    assert is_unpickled(written)


async def test_a_stock_client_runs_what_was_pickled(pool: ArqRedis, written: Path, trap: bytes) -> None:
    await pool.set("arq:result:trap", trap)

    with pytest.raises(DeserializationError):
        await Job("trap", pool).result_info()

    assert is_unpickled(written)


async def test_our_worker_fails_the_job_and_keeps_its_bytes(
    client: JobClient,
    pool: ArqRedis,
    redis_server: RedisServer,
    services: Services,
    written: Path,
    trap: bytes,
) -> None:
    services.start("notifier", redis_server.url)
    await pool.set("arq:job:trap", trap)
    await pool.zadd(LANE, {"trap": 1})
    failed = JobQuery(state=JobState.FAILED)
    (job,) = (await eventually(lambda: client.list(failed), lambda page: bool(page.jobs))).jobs

    assert job.error is not None
    assert (job.id, job.error.code) == ("trap", "undecodable")
    assert await pool.get("arq:job:trap") == trap
    assert not is_unpickled(written)


async def test_our_client_does_not_read_it(
    client: JobClient,
    pool: ArqRedis,
    redis_server: RedisServer,
    services: Services,
    written: Path,
    trap: bytes,
) -> None:
    services.start("notifier", redis_server.url)
    submitted = await client.submit(ProbeRun(queue="notifier"))
    await ended(client, submitted.job.id)
    await pool.set(f"arq:result:{submitted.job.id}", trap)

    with suppress(ValueError):
        await client.get(submitted.job.id)

    assert not is_unpickled(written)
