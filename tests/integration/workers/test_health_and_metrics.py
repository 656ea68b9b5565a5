"""Health and metrics answer whatever the jobs do to the loop, and say what is wrong."""

import time

import pytest
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.unruly.contracts import Misbehave
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import JobOptions, JobState
from afterwork.contracts.probe import ProbeFailure, ProbeMode, ProbeRun
from afterwork.engine import JobClient

LEASE = 1
BLOCKED = 5.0
"""Seconds, many times the lease."""
LABELS = {"queue": "notifier", "kind": "probe.run"}


def lag(process: ServiceProcess) -> float:
    found = process.metric("afterwork_loop_lag_seconds")
    assert found is not None
    return found


async def test_a_blocked_loop_neither_hides_itself_nor_loses_leases(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given a job that blocks the loop beside twenty others, and a second worker that would take over lost leases
    worker = services.start("notifier", redis_server.url, lease=LEASE)
    neighbours = [
        (await client.submit(ProbeRun(queue="notifier", seconds=BLOCKED / 2))).job.id for _ in range(20)
    ]
    first = await waiting.running(client, *neighbours)
    blocking = ProbeRun(queue="notifier", seconds=BLOCKED, mode=ProbeMode.BLOCKING)
    blocker = (await client.submit(blocking)).job.id
    await waiting.running(client, blocker)
    services.start("notifier", redis_server.url, lease=LEASE)

    # when it is blocked
    answers = set()
    lags = []
    slowest = 0.0
    while (await client.get(blocker)).state is JobState.RUNNING:
        asked_at = time.monotonic()
        answers |= {(path, worker.get(path).status_code) for path in ("/healthz", "/readyz", "/metrics")}
        slowest = max(slowest, time.monotonic() - asked_at)
        lags.append(lag(worker))

    # then everything answers, the block is seen, and the neighbours are where they were
    assert answers == {("/healthz", 200), ("/readyz", 200), ("/metrics", 200)}
    assert slowest < 1.0, "three answers"
    assert max(lags) > BLOCKED - 1.5
    for job in await waiting.ended(client, blocker, *neighbours):
        assert (job.state, job.claims, job.deaths) == (JobState.SUCCEEDED, 1, 0), job
    assert {job.worker for job in first} == {(await client.get(blocker)).worker}
    await waiting.true(lambda: lag(worker) < 0.5)
    assert worker.metric("afterwork_leases_lost_total", **LABELS) in {None, 0.0}


async def test_every_metric_is_there(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given one job that runs, two that wait for a slot, one for its time, and some that have ended
    worker = services.start("notifier", redis_server.url, lease=LEASE, worker__concurrency=1)
    done = [(await client.submit(ProbeRun(queue="notifier"))).job.id for _ in range(3)]
    failed = (await client.submit(ProbeRun(queue="notifier", fail=ProbeFailure.PERMANENT))).job.id
    retried = (await client.submit(ProbeRun(queue="notifier", fail=ProbeFailure.ONCE))).job.id
    await waiting.ended(client, *done, failed, retried)
    run = (await client.submit(ProbeRun(queue="notifier", seconds=60))).job.id
    await waiting.running(client, run)
    for delay in (None, None, 60.0):
        await client.submit(ProbeRun(queue="notifier"), JobOptions(delay=delay))

    def value(name: str, **labels: str) -> float | None:
        return worker.metric(f"afterwork_{name}", **(LABELS | labels))

    # then
    assert (value("jobs_waiting"), value("jobs_due"), value("jobs_running")) == (3, 2, 1)
    age = value("oldest_due_age_seconds")
    assert age is not None
    await waiting.true(lambda: (value("oldest_due_age_seconds") or 0) > age)
    outcomes = {name: value("attempts_total", outcome=name) for name in ("done", "failed", "retry")}
    assert outcomes == {"done": 4, "failed": 1, "retry": 1}
    assert value("attempt_duration_seconds_count") == 6
    assert value("leases_lost_total") in {None, 0.0}
    assert "afterwork_leases_lost_total" in worker.get("/metrics").text
    assert worker.metric("afterwork_redis_up") == 1
    assert lag(worker) < 1


async def test_without_redis_the_service_says_so_and_measures_on(
    own_client: JobClient, own_redis: RedisServer, services: Services
) -> None:
    # given
    worker = services.start("notifier", own_redis.url, lease=LEASE)
    submitted = await own_client.submit(ProbeRun(queue="notifier"))
    await waiting.ended(own_client, submitted.job.id)
    assert worker.get("/readyz").json() == {"status": "ready"}

    # when
    own_redis.kill()

    # then
    not_ready = worker.get("/readyz")
    assert (not_ready.status_code, not_ready.json()) == (
        503,
        {"status": "not ready", "redis": "Redis does not answer"},
    )
    assert worker.get("/healthz").status_code == 200
    assert worker.metric("afterwork_redis_up") == 0
    assert worker.metric("afterwork_attempts_total", outcome="done") == 1
    own_redis.start()
    await waiting.true(lambda: worker.get("/readyz").is_success)
    assert worker.metric("afterwork_redis_up") == 1


async def test_a_hanging_redis_does_not_make_the_pages_hang(
    own_redis: RedisServer, services: Services
) -> None:
    worker = services.start("notifier", own_redis.url, lease=LEASE)

    own_redis.pause()

    answers = {path: worker.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")}
    assert answers == {"/healthz": 200, "/readyz": 503, "/metrics": 200}


@pytest.mark.parametrize(("manner", "outcome"), [("takes_too_long", "failed"), ("snoozes_once", "snoozed")])
async def test_attempts_are_counted_by_how_they_ended(
    client: JobClient, redis_server: RedisServer, services: Services, manner: str, outcome: str
) -> None:
    worker = services.start(unruly.MODULE, redis_server.url, lease=LEASE)
    submitted = await client.submit(Misbehave(manner=manner), JobOptions(timeout=0.2))
    await waiting.ended(client, submitted.job.id)

    labels = {"queue": "unruly", "kind": "unruly.misbehave", "outcome": outcome}
    await waiting.true(lambda: (worker.metric("afterwork_attempts_total", **labels) or 0) >= 1)


async def test_there_is_nothing_else_behind_the_address(
    redis_server: RedisServer, services: Services
) -> None:
    worker = services.start("notifier", redis_server.url)

    assert worker.get("/").status_code == 404
    assert worker.get("/metrics?name[]=x").is_success
