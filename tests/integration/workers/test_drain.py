"""SIGTERM: no new claims, running jobs have the grace period, the rest is handed back at once, exit code 0."""

import signal
import time
from pathlib import Path

import pytest
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.unruly.contracts import Behave, Misbehave
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Job, JobOptions, JobState
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.engine import JobClient

LEASE = 15
"""So long that nothing here can be mistaken for the end of a lease."""
MARGIN = 5.0
"""Seconds by which a process may end later than its grace period, a blocked loop and a busy machine included."""


def drained(process: ServiceProcess, *, within: float, number: signal.Signals = signal.SIGTERM) -> float:
    """Ask the process to end; the seconds it took to end with exit code 0."""
    asked_at = time.monotonic()
    process.send(number)
    assert process.wait(within) == 0
    return time.monotonic() - asked_at


def assert_handed_back(job: Job, first: Job) -> None:
    """It ended well elsewhere, without death and without having spent an attempt."""
    assert (job.state, job.attempt, job.deaths, job.claims) == (JobState.SUCCEEDED, 1, 0, 2), job
    assert job.worker != first.worker
    assert [attempt.worker for attempt in job.history] == [job.worker]


@pytest.mark.parametrize(
    ("module", "number"),
    [("notifier", signal.SIGTERM), ("processor", signal.SIGTERM), ("archiver", signal.SIGINT)],
)
async def test_an_idle_service_ends_at_once(
    redis_server: RedisServer, services: Services, module: str, number: signal.Signals
) -> None:
    service = services.start(module, redis_server.url)

    drained(service, within=MARGIN, number=number)


async def test_running_jobs_end_and_waiting_ones_are_left_to_others(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given
    ending = services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=5)
    run = [(await client.submit(ProbeRun(queue="notifier", seconds=4))).job.id for _ in range(5)]
    await waiting.running(client, *run)
    wait = [(await client.submit(ProbeRun(queue="notifier"))).job.id for _ in range(5)]

    # when
    ending.terminate()
    await waiting.true(lambda: ending.get("/readyz").status_code == 503)
    why = ending.get("/readyz").json()
    late = [(await client.submit(ProbeRun(queue="notifier"))).job.id for _ in range(5)]

    # then
    assert ending.wait() == 0
    assert why == {"status": "not ready", "worker": "draining"}
    assert {(await client.get(job_id)).state for job_id in run} == {JobState.SUCCEEDED}
    assert {(await client.get(job_id)).state for job_id in [*wait, *late]} == {JobState.QUEUED}
    services.start("notifier", redis_server.url, lease=LEASE)
    for job in await waiting.ended(client, *run, *wait, *late):
        assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 0)
    assert (await client.ledger()).imbalance == 0


async def test_what_outlasts_the_grace_is_handed_back_at_once(
    client: JobClient, redis_server: RedisServer, services: Services, tmp_path: Path
) -> None:
    # given twenty jobs that do not end for now
    ending = services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__grace=0.5)
    until = tmp_path / "until"
    behave = Behave(until=str(until), started=str(tmp_path / "started"))
    ids = [(await client.submit(behave)).job.id for _ in range(20)]
    first = await waiting.running(client, *ids)
    services.start(unruly.MODULE, redis_server.url, lease=LEASE)

    # when
    seconds = drained(ending, within=MARGIN)

    # then
    assert seconds >= 0.5, "they had their grace"
    assert "service ended" in ending.log, "in order, not by force"
    again = await waiting.running(client, *ids, deadline=2)
    assert {job.worker for job in again}.isdisjoint({job.worker for job in first})
    until.touch()
    for job, before in zip(await waiting.ended(client, *ids), first, strict=True):
        assert_handed_back(job, before)
    assert (await client.ledger()).imbalance == 0


async def test_a_blocking_job_that_ends_within_the_grace_ends_well(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    ending = services.start("notifier", redis_server.url, lease=LEASE, worker__grace=10)
    blocking = ProbeRun(queue="notifier", seconds=2, mode=ProbeMode.BLOCKING)
    submitted = await client.submit(blocking)
    await waiting.running(client, submitted.job.id)

    seconds = drained(ending, within=2 + MARGIN)

    job = await client.get(submitted.job.id)
    assert (job.state, job.claims) == (JobState.SUCCEEDED, 1)
    assert seconds < 2 + MARGIN


async def test_a_blocked_loop_is_left_and_its_jobs_are_handed_back(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a job that holds the loop, and a neighbour
    ending = services.start("notifier", redis_server.url, lease=LEASE, worker__grace=0.5)
    neighbour = (await client.submit(ProbeRun(queue="notifier", seconds=1))).job.id
    await waiting.running(client, neighbour)
    blocking = ProbeRun(queue="notifier", seconds=9, mode=ProbeMode.BLOCKING)
    blocker = (await client.submit(blocking)).job.id
    first = await waiting.running(client, blocker, neighbour)
    services.start("notifier", redis_server.url, lease=LEASE)

    # when
    drained(ending, within=MARGIN)

    # then
    assert "the event loop is blocked" in ending.log.partition("ending by force")[2]
    again = await waiting.running(client, blocker, deadline=2)
    assert again[0].worker != first[0].worker
    for job, before in zip(await waiting.ended(client, blocker, neighbour), first, strict=True):
        assert_handed_back(job, before)
    assert (await client.ledger()).imbalance == 0


async def test_a_handler_that_does_not_let_go_is_left_behind(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    ending = services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__grace=0.5)
    submitted = await client.submit(Misbehave(manner="swallows_cancellation"))
    await waiting.running(client, submitted.job.id)

    drained(ending, within=MARGIN + 5)

    job = await client.get(submitted.job.id)
    assert (job.state, job.attempt, job.deaths) == (JobState.QUEUED, 0, 0)


async def test_a_handler_has_five_seconds_to_clean_up_after_the_grace(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    ending = services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__grace=0.5)
    submitted = await client.submit(Misbehave(manner="cleans_up_for_four_seconds"))
    await waiting.running(client, submitted.job.id)

    drained(ending, within=MARGIN + 5)

    job = await client.get(submitted.job.id)
    assert (job.state, job.result, job.claims) == (JobState.SUCCEEDED, "cleaned up", 1)
    assert "by force" not in ending.log


@pytest.mark.parametrize("manner", ["swallows_cancellation", "leaves_a_thread_behind"])
async def test_what_a_timed_out_job_left_running_does_not_keep_the_process(
    client: JobClient, redis_server: RedisServer, services: Services, manner: str
) -> None:
    ending = services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__grace=0.5)
    submitted = await client.submit(Misbehave(manner=manner), JobOptions(timeout=0.1))
    await waiting.ended(client, submitted.job.id)

    drained(ending, within=MARGIN + 5)


async def test_a_service_ends_while_redis_is_away(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    ending = services.start("notifier", own_redis.url, lease=1, worker__grace=0.5)
    submitted = await own_client.submit(ProbeRun(queue="notifier", seconds=30))
    await waiting.running(own_client, submitted.job.id)

    own_redis.kill()
    drained(ending, within=MARGIN)
    own_redis.start()

    services.start("notifier", own_redis.url, lease=1)
    await waiting.running(own_client, submitted.job.id)


async def test_an_idle_service_ends_at_once_while_redis_is_away(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    ending = services.start("notifier", own_redis.url, worker__grace=20)
    submitted = await own_client.submit(ProbeRun(queue="notifier"))
    await waiting.ended(own_client, submitted.job.id)

    own_redis.kill()
    await waiting.true(lambda: "worker waits for Redis" in ending.log)

    drained(ending, within=MARGIN)


async def test_asking_twice_changes_nothing(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    ending = services.start("notifier", redis_server.url, lease=LEASE)
    submitted = await client.submit(ProbeRun(queue="notifier", seconds=1))
    await waiting.running(client, submitted.job.id)

    ending.terminate()
    drained(ending, within=1 + MARGIN, number=signal.SIGINT)

    assert (await client.get(submitted.job.id)).state is JobState.SUCCEEDED
