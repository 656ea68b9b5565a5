"""Plain handlers (`def`) over real workers: each attempt has a thread, which stops nobody and keeps nobody."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced
from tests.integration.workers.supervision import supervised
from tests.integration.workers.unruly.contracts import Work
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Job, JobOptions, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

LEASE = 1
GRACE = 5.0
FAILURES = {
    "calls_sys_exit": ("handler-error", "SystemExit"),
    "gives_up": ("handler-failed", "Fail"),
    "raises_an_exception": ("handler-error", "ValueError"),
    "raises_generator_exit": ("handler-error", "GeneratorExit"),
    "raises_keyboard_interrupt": ("handler-error", "KeyboardInterrupt"),
    "raises_stop_iteration": ("handler-error", "RuntimeError"),  # Python's own translation
    "returns_a_coroutine": ("handler-error", "TypeError"),
    "returns_an_object": ("result-not-json", None),
}


@pytest.fixture
def until(tmp_path: Path) -> Path:
    """The file for which a thread waits."""
    return tmp_path / "until"


@pytest.fixture
def worker(redis_server: RedisServer, services: Services) -> ServiceProcess:
    return services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__concurrency=4)


async def submit(client: JobClient, manner: str, until: Path | None = None, **options: float) -> str:
    work = Work(manner=manner, until=str(until)) if until else Work(manner=manner)
    return (await client.submit(work, JobOptions(**options))).job.id


async def outcome_of(client: JobClient, manner: str, until: Path | None = None, **options: float) -> Job:
    (job,) = await waiting.ended(client, await submit(client, manner, until, **options))
    return job


def left_behind(worker: ServiceProcess) -> float:
    return worker.metric("afterwork_attempts_left_behind", queue="unruly", kind="unruly.work") or 0


async def test_a_plain_handler_works_in_a_daemon_thread_of_its_own(
    client: JobClient, worker: ServiceProcess
) -> None:
    job = await outcome_of(client, "says_its_thread")

    assert job.state is JobState.SUCCEEDED
    assert job.result == {"name": f"unruly.work {job.id}", "daemon": True, "is_main": False}


@pytest.mark.parametrize("manner", FAILURES)
async def test_whatever_it_does_ends_that_job_only(
    client: JobClient, worker: ServiceProcess, manner: str
) -> None:
    job = await outcome_of(client, manner)

    assert job.error is not None
    assert (job.state, job.attempt, job.deaths) == (JobState.FAILED, 1, 0)
    assert (job.error.code, job.error.exception) == FAILURES[manner]
    assert (await outcome_of(client, "says_its_thread")).worker == job.worker
    await assert_balanced(client)


async def test_a_snooze_spends_no_attempt(client: JobClient, worker: ServiceProcess) -> None:
    job = await outcome_of(client, "snoozes_once")

    assert (job.state, job.result, job.claims) == (JobState.SUCCEEDED, 1, 2)


async def test_the_next_attempt_finds_the_checkpoint(client: JobClient, worker: ServiceProcess) -> None:
    job = await outcome_of(client, "resumes", max_attempts=2)

    assert (job.state, job.result, job.attempt) == (JobState.SUCCEEDED, {"row": 41}, 2)


async def test_as_many_as_there_are_slots_run_at_the_same_time_and_do_not_disturb_the_loop(
    client: JobClient, worker: ServiceProcess, until: Path
) -> None:
    ids = [await submit(client, "blocks_until", until) for _ in range(8)]
    await waiting.running(client, *ids[:4])
    await waiting.elapsed(2 * LEASE)

    lag = worker.metric("afterwork_loop_lag_seconds")
    states = [(await client.get(job_id)).state for job_id in ids]
    until.touch()  # noqa: ASYNC240 - at once
    jobs = await waiting.ended(client, *ids)

    assert lag is not None
    assert lag < 0.5
    assert states == [JobState.RUNNING] * 4 + [JobState.QUEUED] * 4
    for job in jobs:
        assert (job.state, job.result, job.claims, job.deaths) == (JobState.SUCCEEDED, "late", 1, 0)


@pytest.mark.parametrize("manner", ["reports_until", "asks_until"])
async def test_a_thread_that_reports_or_asks_is_cancelled_at_once(
    client: JobClient, worker: ServiceProcess, until: Path, manner: str
) -> None:
    job_id = await submit(client, manner, until)
    await waiting.running(client, job_id)

    await client.cancel(job_id)
    (job,) = await waiting.ended(client, job_id, deadline=3)

    # a result that comes first wins, as it does for coroutines
    expected = JobState.SUCCEEDED if manner == "asks_until" else JobState.CANCELLED
    assert job.state is expected
    assert left_behind(worker) == 0


async def test_a_thread_that_reports_ends_with_its_time_limit(
    client: JobClient, worker: ServiceProcess, until: Path
) -> None:
    job = await outcome_of(client, "reports_until", until, timeout=0.5)

    assert job.error is not None
    assert (job.state, job.error.code) == (JobState.FAILED, "timeout")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert (job.finished_at - job.started_at).total_seconds() < 2
    assert left_behind(worker) == 0


async def test_a_thread_that_cannot_be_stopped_keeps_its_slot_until_it_returns(
    client: JobClient, redis_server: RedisServer, services: Services, until: Path
) -> None:
    # given a worker with two slots, one of them held by a thread beyond its attempt
    worker = services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__concurrency=2)
    stuck = await outcome_of(client, "blocks_until", until, timeout=0.3)
    assert stuck.error is not None
    assert stuck.error.code == "timeout"
    await waiting.true(lambda: left_behind(worker) == 1)
    assert "keeps its slot" in worker.log

    # then there is one slot left
    naps = [(await client.submit(ProbeRun(queue="unruly", seconds=0.7))).job.id for _ in range(2)]
    await waiting.running(client, naps[0])
    assert (await client.get(naps[1])).state is JobState.QUEUED
    await waiting.ended(client, *naps)

    # and two again when it has returned, whose late result counts for nothing
    until.touch()  # noqa: ASYNC240 - at once
    await waiting.true(lambda: left_behind(worker) == 0)
    naps = [(await client.submit(ProbeRun(queue="unruly", seconds=0.7))).job.id for _ in range(2)]
    await waiting.running(client, *naps)
    assert (await client.get(stuck.id)).error == stuck.error
    assert worker.is_running


async def test_when_such_threads_hold_every_slot_the_process_is_replaced(
    client: JobClient, redis_server: RedisServer, services: Services, until: Path
) -> None:
    worker = services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__concurrency=2)
    async with supervised(worker) as supervisor:
        ids = [await submit(client, "blocks_until", until, timeout=0.3) for _ in range(2)]
        next_one = await submit(client, "says_its_thread")

        stuck = await waiting.ended(client, *ids)
        (job,) = await waiting.ended(client, next_one)

    assert [one.error and one.error.code for one in stuck] == ["timeout", "timeout"]
    assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 0)
    assert supervisor.ends == [os.EX_SOFTWARE]
    assert "hold every slot" in worker.log
    await assert_balanced(client)


async def test_a_thread_that_goes_on_does_not_keep_the_process_from_ending(
    client: JobClient, redis_server: RedisServer, services: Services, until: Path
) -> None:
    ending = services.start(unruly.MODULE, redis_server.url, lease=15, worker__grace=0.5)
    job_id = await submit(client, "blocks_until", until)
    await waiting.running(client, job_id)

    ending.terminate()

    assert await asyncio.to_thread(ending.wait, 0.5 + GRACE + 3) == 0
    job = await client.get(job_id)
    assert (job.state, job.attempt, job.deaths) == (JobState.QUEUED, 0, 0)


def resident_mebibytes(worker: ServiceProcess) -> float:
    return (worker.metric("process_resident_memory_bytes") or 0) / 2**20


async def test_threads_that_report_without_a_pause_neither_slow_the_others_nor_need_memory(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given eight of them
    worker = services.start(unruly.MODULE, redis_server.url, worker__concurrency=50)
    before = resident_mebibytes(worker)
    flooding = [await submit(client, "reports_without_a_pause") for _ in range(8)]
    await waiting.running(client, *flooding)

    # when
    begun = time.monotonic()
    naps = [(await client.submit(ProbeRun(queue="unruly", seconds=0.1))).job.id for _ in range(20)]
    jobs = await waiting.ended(client, *naps)
    seconds = time.monotonic() - begun
    flooded = await waiting.ended(client, *flooding)

    # then
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert seconds < 10
    assert resident_mebibytes(worker) - before < 50
    for job in flooded:
        assert (job.state, job.claims) == (JobState.SUCCEEDED, 1)
        assert job.progress is not None
        assert job.progress.done == job.result, "the last one is not lost"
        lines = await client.log(job.id)
        assert (len(lines), lines[-1].text) == (100, f"last calls={job.result}")
