"""Isolated handlers over real workers: whatever happens to a child process costs its own attempt only."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path

import psutil
import pytest
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced
from tests.integration.workers.unruly.contracts import Isolate
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Job, JobOptions, JobState
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.engine import JobClient

LEASE = 2
PROMPT = 1.0
"""Seconds within which a limit or a cancel has to have its effect."""
FAILURES = {
    "calls_sys_exit": ("handler-error", "SystemExit"),
    "eats_memory": ("out-of-memory", None),
    "exits_at_once": ("handler-error", "ChildError"),
    "gives_up": ("handler-failed", "Fail"),
    "prints_to_its_connection": ("handler-error", "ChildError"),
    "raises_an_exception": ("handler-error", "ValueError"),
    "raises_keyboard_interrupt": ("handler-error", "KeyboardInterrupt"),
}


@pytest.fixture
def until(tmp_path: Path) -> Path:
    """The file for which a child waits."""
    return tmp_path / "until"


@pytest.fixture
def worker(redis_server: RedisServer, services: Services) -> ServiceProcess:
    return services.start(unruly.MODULE, redis_server.url, lease=LEASE, sandbox__processes=2)


async def submit(client: JobClient, manner: str, until: Path | None = None, **options: float) -> str:
    work = Isolate(manner=manner, until=str(until)) if until else Isolate(manner=manner)
    return (await client.submit(work, JobOptions(**options))).job.id


async def outcome_of(client: JobClient, manner: str, until: Path | None = None, **options: float) -> Job:
    (job,) = await waiting.ended(client, await submit(client, manner, until, **options))
    return job


async def pids_of(client: JobClient, job_id: str) -> list[int]:
    """The processes that the job has said in its log, its own first."""

    async def read() -> list[int]:
        lines = " ".join(line.text for line in await client.log(job_id))
        return [int(pid) for pid in re.findall(r"\d+", lines)]

    return await waiting.eventually(read, bool)


def alive(pids: list[int]) -> list[int]:
    return [
        pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


def below(worker: ServiceProcess) -> list[psutil.Process]:
    """The processes below the fork server, those of calls and all that they have started."""
    return [
        child for server in psutil.Process(worker.pid).children() for child in server.children(recursive=True)
    ]


async def assert_at_work(client: JobClient, worker: ServiceProcess) -> None:
    """The process that was started still works jobs, isolated and other ones."""
    job = await outcome_of(client, "says_its_process")
    (nap,) = await waiting.ended(client, (await client.submit(ProbeRun(queue="unruly"))).job.id)
    assert (job.state, nap.state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)
    assert job.worker == nap.worker
    assert f"-{worker.pid}-" in str(job.worker)
    assert worker.is_running


async def test_each_attempt_has_a_process_which_ends_with_it(
    client: JobClient, worker: ServiceProcess
) -> None:
    jobs = [await outcome_of(client, "says_its_process") for _ in range(2)]

    pids = [job.result for job in jobs]
    assert len({*pids, worker.pid}) == 3
    assert not below(worker)


@pytest.mark.parametrize("manner", FAILURES)
async def test_whatever_it_does_ends_that_job_only(
    client: JobClient, worker: ServiceProcess, until: Path, manner: str
) -> None:
    neighbour = await submit(client, "waits_for_the_file", until)
    await pids_of(client, neighbour)

    job = await outcome_of(client, manner)

    until.touch()  # noqa: ASYNC240 - at once
    assert job.error is not None
    assert (job.state, job.attempt, job.deaths) == (JobState.FAILED, 1, 0)
    assert (job.error.code, job.error.exception) == FAILURES[manner]
    (undisturbed,) = await waiting.ended(client, neighbour)
    assert (undisturbed.state, undisturbed.attempt, undisturbed.claims) == (JobState.SUCCEEDED, 1, 1)
    await assert_at_work(client, worker)
    await assert_balanced(client)


async def test_out_of_memory_is_final_however_many_attempts_there_are(
    client: JobClient, worker: ServiceProcess
) -> None:
    job = await outcome_of(client, "eats_memory", max_attempts=5)

    assert job.error is not None
    assert (job.state, job.attempt, job.error.code) == (JobState.FAILED, 1, "out-of-memory")
    assert "300 MiB" in job.error.detail or "limit" in job.error.detail
    await assert_at_work(client, worker)


async def test_a_cancelled_job_has_no_process_any_more_within_a_second(
    client: JobClient, worker: ServiceProcess
) -> None:
    job_id = await submit(client, "spins")
    pids = await pids_of(client, job_id)
    assert len(alive(pids)) == 3

    began = time.monotonic()
    await client.cancel(job_id)
    (job,) = await waiting.ended(client, job_id, deadline=5)
    seconds = time.monotonic() - began

    assert job.state is JobState.CANCELLED
    assert not alive(pids)
    assert seconds < PROMPT
    await assert_at_work(client, worker)


async def test_a_job_is_killed_within_a_second_of_its_time_limit(
    client: JobClient, worker: ServiceProcess
) -> None:
    await outcome_of(client, "says_its_process")  # the start of the sandbox does not count towards the limit
    job_id = await submit(client, "spins", timeout=2)
    pids = await pids_of(client, job_id)

    (job,) = await waiting.ended(client, job_id)

    assert job.error is not None
    assert (job.state, job.error.code) == (JobState.FAILED, "timeout")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert (job.finished_at - job.started_at).total_seconds() < 2 + PROMPT
    assert not alive(pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_child_that_is_killed_from_outside_is_a_failed_attempt_and_its_neighbour_goes_on(
    client: JobClient, worker: ServiceProcess, until: Path, number: int
) -> None:
    # given two at work
    ids = [await submit(client, "waits_for_the_file", until, max_attempts=2) for _ in range(2)]
    (victim, *_), _ = [await pids_of(client, job_id) for job_id in ids]

    # when
    os.kill(victim, number)
    await waiting.true(lambda: not alive([victim]))
    until.touch()  # noqa: ASYNC240 - at once
    killed, neighbour = await waiting.ended(client, *ids)

    # then
    assert (killed.state, killed.attempt, killed.deaths) == (JobState.SUCCEEDED, 2, 0)
    assert killed.history[0].error is not None
    assert f"killed by signal {number:d}" in killed.history[0].error.detail
    assert (neighbour.state, neighbour.attempt, neighbour.claims) == (JobState.SUCCEEDED, 1, 1)
    assert worker.is_running


async def test_a_snooze_spends_no_attempt(client: JobClient, worker: ServiceProcess, until: Path) -> None:
    job = await outcome_of(client, "snoozes_once", until)

    assert (job.state, job.result, job.claims) == (JobState.SUCCEEDED, 1, 2)


async def test_the_next_attempt_finds_the_checkpoint_of_a_child_that_died(
    client: JobClient, worker: ServiceProcess
) -> None:
    job = await outcome_of(client, "resumes", max_attempts=2)

    assert (job.state, job.result, job.attempt) == (JobState.SUCCEEDED, {"row": 41}, 2)
    assert job.progress is not None
    assert (job.progress.done, job.progress.total, job.progress.note) == (41, 100, "rows")


async def test_a_frozen_child_is_killed_at_its_time_limit(
    client: JobClient, worker: ServiceProcess, until: Path
) -> None:
    job_id = await submit(client, "waits_for_the_file", until, timeout=2)
    pids = await pids_of(client, job_id)

    os.kill(pids[0], signal.SIGSTOP)
    (job,) = await waiting.ended(client, job_id)

    assert job.error is not None
    assert job.error.code == "timeout"
    assert not alive(pids)


async def test_jobs_that_wait_for_a_process_do_not_spend_their_time(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start(unruly.MODULE, redis_server.url, sandbox__processes=1)
    await outcome_of(client, "says_its_process")

    probe = ProbeRun(queue="unruly", mode=ProbeMode.CPU, seconds=0.5)
    ids = [(await client.submit(probe, JobOptions(timeout=1.5, max_attempts=1))).job.id for _ in range(6)]
    jobs = await waiting.ended(client, *ids)

    assert [job.state for job in jobs] == [JobState.SUCCEEDED] * 6


async def test_children_that_log_without_a_pause_do_not_slow_the_others(
    client: JobClient, worker: ServiceProcess
) -> None:
    flooding = [await submit(client, "logs_without_a_pause") for _ in range(2)]
    await waiting.running(client, *flooding)

    begun = time.monotonic()
    naps = [(await client.submit(ProbeRun(queue="unruly", seconds=0.1))).job.id for _ in range(20)]
    jobs = await waiting.ended(client, *naps)
    seconds = time.monotonic() - begun

    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    assert seconds < 5
    for job in await waiting.ended(client, *flooding):
        assert job.progress is not None
        assert job.progress.done == job.result, "the last one is not lost"
        lines = await client.log(job.id)
        assert lines[-1].text == f"still here number={job.result}"


async def test_nothing_survives_a_worker_that_is_killed(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given
    doomed = services.start(unruly.MODULE, redis_server.url, lease=LEASE)
    job_id = await submit(client, "spins")
    pids = [*await pids_of(client, job_id), *(one.pid for one in psutil.Process(doomed.pid).children())]
    assert len(alive(pids)) == 4

    # when
    doomed.kill()

    # then
    await waiting.true(lambda: not alive(pids), deadline=5)


async def test_a_drain_waits_for_children_and_then_hands_their_jobs_back(
    client: JobClient, redis_server: RedisServer, services: Services, until: Path
) -> None:
    # given one that ends within the grace period and one that does not
    draining = services.start(unruly.MODULE, redis_server.url, worker__grace=1.5)
    short = await submit(client, "waits_for_the_file", until)
    long = await submit(client, "spins")
    pids = [*await pids_of(client, short), *await pids_of(client, long)]

    # when
    draining.terminate()
    await waiting.true(lambda: "draining" in draining.log)
    until.touch()  # noqa: ASYNC240 - at once

    # then
    assert await asyncio.to_thread(draining.wait, 10) == 0
    assert not alive(pids)
    (ended,) = await waiting.ended(client, short)
    released = await client.get(long)
    assert (ended.state, ended.attempt) == (JobState.SUCCEEDED, 1)
    assert (released.state, released.attempt, released.deaths) == (JobState.QUEUED, 0, 0)
