"""`afterwork.arq` reaches Redis in each way that ARQ's `RedisSettings` can name."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError
from tests.integration.arq.processes import WorkerProcess, process
from tests.integration.connections.arq_worker import VARIABLE
from tests.integration.workers.waiting import eventually
from tests.sentinels import HOST, NAME, Pair
from tests.servers import redis_binary, wait_until
from tests.tls_servers import Certificates, TlsServer

from afterwork.arq import ArqRedis, Job, RedisSettings, create_pool
from afterwork.arq.jobs import JobStatus

Settings = dict[str, Any]
Open = Callable[[Path], Iterator[Settings]]
COMMAND = ["-m", "afterwork.arq", "tests.integration.connections.arq_worker.WorkerSettings"]
PASSWORD = "a/b@c"

pytestmark = pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")


def tls(folder: Path) -> Iterator[Settings]:
    certificates = Certificates(folder)
    with TlsServer(certificates) as server:
        yield _over_tls(server, certificates)


def tls_with_a_certificate_of_ours(folder: Path) -> Iterator[Settings]:
    certificates = Certificates(folder)
    with TlsServer(certificates, clients="yes") as server:
        own = str(certificates.client)
        yield _over_tls(server, certificates) | {"ssl_certfile": own, "ssl_keyfile": own}


def user_of_the_docs(folder: Path) -> Iterator[Settings]:
    with TlsServer(Certificates(folder)) as server:
        _add_user(server)
        yield {"host": HOST, "port": server.plain_port, "username": "afterwork", "password": PASSWORD}


def user_of_the_docs_over_tls(folder: Path) -> Iterator[Settings]:
    certificates = Certificates(folder)
    with TlsServer(certificates) as server:
        _add_user(server)
        yield _over_tls(server, certificates) | {"username": "afterwork", "password": PASSWORD}


def unix_socket_of_a_user(folder: Path) -> Iterator[Settings]:
    with TlsServer(Certificates(folder)) as server:
        _add_user(server)
        path = str(server.socket)
        yield {"unix_socket_path": path, "database": 3, "username": "afterwork", "password": PASSWORD}


def sentinels(_: Path) -> Iterator[Settings]:
    with Pair() as pair:
        yield _behind(pair)


def sentinels_of_a_user(_: Path) -> Iterator[Settings]:
    with Pair() as pair:
        for server in (pair.primary, pair.replica):
            _add_user(server)
        with pair.sentinel.client() as admin:
            admin.execute_command("ACL", "SETUSER", "afterwork", "on", f">{PASSWORD}", "~*", "&*", "+@all")
        yield _behind(pair) | {"username": "afterwork", "password": PASSWORD}


WAYS = [
    tls,
    tls_with_a_certificate_of_ours,
    user_of_the_docs,
    user_of_the_docs_over_tls,
    unix_socket_of_a_user,
    sentinels,
    sentinels_of_a_user,
]


def _over_tls(server: TlsServer, certificates: Certificates) -> Settings:
    authority = str(certificates.authority)
    return {
        "host": HOST,
        "port": server.tls_port,
        "ssl": True,
        "ssl_ca_certs": authority,
        "ssl_check_hostname": True,
    }


def _behind(pair: Pair) -> Settings:
    """Two sentinels, of which the first is not there."""
    return {"sentinel": True, "host": [(HOST, 1), (HOST, pair.sentinel.port)], "sentinel_master": NAME}


def _add_user(server: Any) -> None:  # noqa: ANN401 - any server
    docs = (Path(__file__).parents[3] / "docs" / "redis.md").read_text(encoding="utf-8")
    (rules,) = (line for line in docs.splitlines() if line.startswith("ACL SETUSER afterwork"))
    with server.client() as admin:
        admin.execute_command(*rules.replace("<password>", PASSWORD).split())


@contextmanager
def worker_of(settings: Settings, folder: Path, *options: str) -> Iterator[WorkerProcess]:
    with process([*COMMAND, *options], {VARIABLE: json.dumps(settings)}, folder) as running:
        yield running


@asynccontextmanager
async def pool_of(settings: Settings) -> AsyncIterator[ArqRedis]:
    pool = await create_pool(RedisSettings(**settings))
    try:
        yield pool
    finally:
        await pool.aclose(close_connection_pool=True)


@pytest.fixture(params=WAYS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    opened: Open = request.param
    yield from opened(tmp_path)


async def test_jobs_run_keep_their_leases_and_are_aborted(settings: Settings, tmp_path: Path) -> None:
    with worker_of(settings, tmp_path) as worker:
        async with pool_of(settings) as pool:
            # a job that takes longer than its lease runs once
            job = await pool.enqueue_job("add", 1, 2, 2.5)
            assert job is not None
            assert await job.result(timeout=30) == 3
            assert await record(pool, job, "claims", "deaths") == ["1", "0"]

            # one that runs is aborted
            long = await pool.enqueue_job("add", 1, 2, 600)
            assert long is not None
            await eventually(long.status, lambda status: status is JobStatus.in_progress)
            assert await long.abort(timeout=30) is True

            # the worker is healthy, as its check says, and ends when it is asked to
            with worker_of(settings, tmp_path, "--check") as check:
                assert await asyncio.to_thread(check.wait) == 0
            assert await asyncio.to_thread(worker.terminate) == 0


async def test_a_failover_loses_no_job_that_the_replica_had(tmp_path: Path) -> None:
    with Pair() as pair, worker_of(_behind(pair), tmp_path) as worker:
        async with pool_of(_behind(pair)) as pool:
            # given jobs that run and one that is due later, all of which the replica has
            running = [await enqueued(pool, number, 3) for number in range(3)]
            later = await pool.enqueue_job("add", 10, 1, _defer_by=4)
            assert later is not None
            for job in running:
                await eventually(job.status, lambda status: status is JobStatus.in_progress)
            pair.await_replica()

            # when the primary is killed, and others are enqueued as soon as that is possible
            pair.primary.kill()
            after = [await enqueued(pool, number, 0) for number in range(10, 15)]

            # then all of them have results at the new primary
            results = [await job.result(timeout=60) for job in [*running, later, *after]]
            assert results == [1, 2, 3, 11, 11, 12, 13, 14, 15]
            with pair.replica.client() as promoted:
                assert promoted.info("replication")["role"] == "master"
                assert promoted.zcard("arq:queue") == 0
        assert worker.process.poll() is None

        # and the worker ends when it is asked to
        assert worker.terminate() == 0


async def test_a_pool_that_meets_a_failover_waits_for_the_new_primary(tmp_path: Path) -> None:
    with Pair() as pair:
        pair.primary.kill()
        async with pool_of(_behind(pair)) as pool:
            assert await pool.ping()
            with pair.replica.client() as promoted:
                wait_until(lambda: promoted.info("replication")["role"] == "master")


async def enqueued(pool: ArqRedis, number: int, seconds: float) -> Job:
    """A job that is stored once, however often that must be tried."""
    job_id = f"job-{number}"

    async def attempt() -> bool:
        try:
            await pool.enqueue_job("add", number, 1, seconds, _job_id=job_id)
        except (RedisError, OSError):
            return False
        return True

    await eventually(attempt, bool)
    return Job(job_id, pool)


async def record(pool: ArqRedis, job: Job, *names: str) -> Sequence[str]:
    """Fields of the job's record."""
    found: Any = await pool.hmget(f"aw:job:{job.job_id}", list(names))  # type: ignore[misc]
    return [value.decode() for value in found]
