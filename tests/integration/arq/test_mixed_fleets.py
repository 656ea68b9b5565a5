"""Stock clients, stock workers and ours on one queue: nothing is lost, and nothing runs twice unless a worker dies.

Shrunk: jobs may take 2 s, so that a dead stock worker's lock is gone after 12 s instead of 310 s.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from arq.connections import ArqRedis as StockRedis
from arq.connections import create_pool as create_stock_pool
from arq.jobs import serialize_result
from redis import Redis
from tests.integration.arq import processes
from tests.integration.arq.fleet import ENDED, STARTED
from tests.integration.arq.processes import FLEET
from tests.integration.arq.working import Context, enqueued, traces, working
from tests.integration.workers.waiting import eventually, true
from tests.servers import RedisServer

from afterwork.arq import ArqRedis, RedisSettings
from afterwork.contracts import JobQuery, JobState
from afterwork.engine import JobClient

JOBS = 300


@pytest.fixture
async def stock(settings: RedisSettings) -> AsyncIterator[StockRedis]:
    """A client that knows nothing of us."""
    connected = await create_stock_pool(settings)
    yield connected
    await connected.aclose(close_connection_pool=True)


async def enqueue_by_both(pool: ArqRedis, stock: StockRedis) -> Sequence[str]:
    """Ids of jobs, every other one by a stock client."""
    ids = []
    for number in range(0, JOBS, 2):
        ids.append((await enqueued(pool, "leave_trace", number)).job_id)
        job = await stock.enqueue_job("leave_trace", number + 1)
        assert job is not None
        ids.append(job.job_id)
    return ids


async def runs(pool: ArqRedis, key: str) -> Counter[str]:
    """How often each job began, or ended."""
    return Counter(line.split(" ")[0] for line in await traces(pool, key))


async def by_process(pool: ArqRedis) -> Counter[int]:
    """How many jobs each process ended."""
    return Counter(int(line.split(" ")[1]) for line in await traces(pool, ENDED))


async def all_done(client: JobClient, pool: ArqRedis) -> None:
    """Return when the queue is empty and every record has its end."""
    await eventually(lambda: pool.zcard("arq:queue"), lambda left: left == 0, deadline=60)
    await eventually(
        client.ledger, lambda ledger: ledger.queued + ledger.scheduled + ledger.running == 0, deadline=60
    )


async def test_without_kills_every_job_runs_once(
    pool: ArqRedis, stock: StockRedis, client: JobClient, redis_server: RedisServer, tmp_path: Path
) -> None:
    with (
        processes.stock(redis_server, tmp_path) as theirs,
        processes.ours(redis_server, tmp_path, f"{FLEET}Ours") as first,
        processes.ours(redis_server, tmp_path, f"{FLEET}Ours") as second,
    ):
        # given all three at work
        for worker in (theirs, first, second):
            await true(partial(is_at_work, worker))
        # when
        ids = await enqueue_by_both(pool, stock)
        await all_done(client, pool)

        # then
        assert await runs(pool, ENDED) == Counter(ids)
        assert await runs(pool, STARTED) == Counter(ids)
        shares = await by_process(pool)
        assert all(shares[worker.pid] > 0 for worker in (theirs, first, second)), shares
    await _agree(client, pool, ids)


async def test_with_kills_no_job_is_lost(
    pool: ArqRedis, stock: StockRedis, client: JobClient, redis_server: RedisServer, tmp_path: Path
) -> None:
    # given
    ids = await enqueue_by_both(pool, stock)
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours"), processes.stock(redis_server, tmp_path):
        # when one of each sort dies in the middle
        with (
            processes.stock(redis_server, tmp_path) as theirs,
            processes.ours(redis_server, tmp_path, f"{FLEET}Ours") as ours,
        ):
            await eventually(
                lambda: by_process(pool), lambda shares: min(shares[theirs.pid], shares[ours.pid]) > 0
            )
            theirs.kill()
            ours.kill()
        await all_done(client, pool)

    # then every job has ended, and only those that were under way began twice
    ended, started = await runs(pool, ENDED), await runs(pool, STARTED)
    assert set(ended) == set(ids)
    assert max(started.values()) <= 2
    assert sum(started.values()) - len(ids) <= 10
    await _agree(client, pool, ids)


@pytest.mark.parametrize("is_quick", [True, False])
async def test_a_stock_worker_may_take_over_what_a_dead_one_of_ours_had(
    pool: ArqRedis, client: JobClient, redis_server: RedisServer, settings: RedisSettings, *, is_quick: bool
) -> None:
    ran = []

    async def note(_: Context) -> None:
        ran.append(1)

    # given a job whose worker is gone, and whose lock a stock worker holds by now
    job = await enqueued(pool, "note")
    lock, index = f"arq:in-progress:{job.job_id}", "aw:ix:arq:queue:arq:"
    with redis_server.client() as behind:
        gone = {"state": "running", "token": "gone:1", "worker": "gone", "started": "1", "attempt": "1"}
        behind.hset(f"aw:job:{job.job_id}", mapping=gone)
        behind.zrem(f"{index}waiting", job.job_id)
        behind.zadd(f"{index}running", {job.job_id: 1})
        behind.zadd("aw:leases:arq:queue", {job.job_id: 1})
        behind.set(lock, "1")

        # when the stock worker ends before or after the lapsed lease is found
        if is_quick:
            end_as_stock(behind, job.job_id)
        await client.reap(15)
        if not is_quick:
            assert behind.get(lock) == "1"
            assert (await client.get(job.job_id)).state is JobState.QUEUED
            end_as_stock(behind, job.job_id)

    # then the job is not run again, and has its end
    async with working(settings, note):
        told = await eventually(lambda: client.get(job.job_id), lambda found: found.state.is_final)
    assert (told.state, told.deaths, ran) == (JobState.SUCCEEDED, 1, [])
    assert await job.result(timeout=30) == "by a stock worker"
    assert (await client.ledger()).imbalance == 0


def end_as_stock(behind: Redis, job_id: str) -> None:
    """Write the end of a job as ARQ's worker does."""
    result = serialize_result(
        "note",
        (),
        {},
        2,
        1,
        success=True,
        result="by a stock worker",
        start_ms=1,
        finished_ms=2,
        ref="",
        queue_name="arq:queue",
        job_id=job_id,
    )
    assert result is not None
    behind.set(f"arq:result:{job_id}", result)
    behind.delete(f"arq:job:{job_id}", f"arq:in-progress:{job_id}")
    behind.zrem("arq:queue", job_id)


async def test_what_a_stock_worker_ran_is_written_down(
    pool: ArqRedis, client: JobClient, redis_server: RedisServer, tmp_path: Path
) -> None:
    # given jobs of ours that a stock worker has run, alone
    jobs = [await enqueued(pool, "leave_trace", number) for number in range(5)]
    failing = await enqueued(pool, "greet")
    with processes.stock(redis_server, tmp_path):
        assert [await job.result(timeout=30) for job in jobs] == list(range(5))
        with pytest.raises(TypeError):
            await failing.result(timeout=30)
    assert (await client.ledger()).queued == 6

    # when there is one of ours
    with processes.ours(redis_server, tmp_path, f"{FLEET}Ours"):
        await eventually(client.ledger, lambda ledger: ledger.queued == 0)

    # then
    told = await client.get(failing.job_id)
    assert told.error is not None
    assert (told.state, told.error.exception) == (JobState.FAILED, "TypeError")
    ledger = await client.ledger()
    assert (ledger.accepted, ledger.succeeded, ledger.failed, ledger.imbalance) == (6, 5, 1, 0)


def is_at_work(worker: processes.WorkerProcess) -> bool:
    """Whether it has said so."""
    return "Starting worker" in worker.log


async def _agree(client: JobClient, pool: ArqRedis, ids: Sequence[str]) -> None:
    """Records, results and the ledger tell the same."""
    ledger = await client.ledger()
    assert (ledger.failed, ledger.cancelled, ledger.imbalance) == (0, 0, 0)
    page = await client.list(JobQuery(page_size=100))
    assert {job.state for job in page.jobs} == {JobState.SUCCEEDED}
    known = {result.job_id for result in await pool.all_job_results()}
    assert known == set(ids)
    leftovers = await pool.keys("arq:in-progress:*") + await pool.keys("arq:retry:*")
    assert leftovers == []
