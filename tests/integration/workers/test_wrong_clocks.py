"""Gateways and workers whose clocks are an hour off: all times are those of Redis, so nobody notices."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from tests.faked_time import wrong_clock
from tests.integration.workers.short_jobs import assert_balanced, assert_undisturbed
from tests.integration.workers.waiting import ended, eventually, running
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

HOUR = 3600
LEASE = 2
WRONG = pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "behind"])


def astray(module: str, server: RedisServer, seconds: int) -> ServiceProcess:
    """A process of the service whose clock is so much off."""
    settings = variables(**TRIAL, redis__url=server.url, lease=LEASE)
    return ServiceProcess(module, None, **settings, **wrong_clock(seconds))


def probe(seconds: float = 0, **options: object) -> dict[str, object]:
    return {"kind": "probe.run", "payload": {"queue": "notifier", "seconds": seconds}, "options": options}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@WRONG
def test_a_gateway_tells_times_by_the_clock_of_redis(redis_server: RedisServer, seconds: int) -> None:
    with astray("gateway", redis_server, seconds) as gateway, httpx.Client(base_url=gateway.url) as http:
        # given that its clock is off
        date = http.get("/healthz").headers.get("date")
        assert date is not None
        off = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC) - datetime.now(UTC)
        assert abs(off - timedelta(seconds=seconds)) < timedelta(seconds=10)

        # when jobs are submitted for later, by delay and by time
        run_at = datetime.now(UTC) + timedelta(seconds=90)
        delayed = http.post("/v1/jobs", json=probe(delay=45))
        timed = http.post("/v1/jobs", json=probe(run_at=run_at.isoformat()))
        past = http.post("/v1/jobs", json=probe(run_at=(run_at - timedelta(minutes=2)).isoformat()))

        # then they are accepted now, due then, and so is the advice when to ask again
        job = delayed.json()
        assert abs(moment(job["created_at"]) - datetime.now(UTC)) < timedelta(seconds=10)
        assert moment(job["run_at"]) - moment(job["created_at"]) == timedelta(seconds=45)
        assert 40 <= int(delayed.headers["retry-after"]) <= 45
        assert (job["state"], timed.json()["state"], past.json()["state"]) == (
            "scheduled",
            "scheduled",
            "queued",
        )
        assert abs(moment(timed.json()["run_at"]) - run_at) < timedelta(milliseconds=1)

        # and a filter by time means the same
        assert len(http.get("/v1/jobs", params={"created_after": job["created_at"]}).json()["jobs"]) == 2

        # and who waits is answered when his time is over
        began = time.monotonic()
        waited = http.get(f"/v1/jobs/{job['id']}", headers={"prefer": "wait=1"})
        assert waited.json()["state"] == "scheduled"
        assert 0.8 < time.monotonic() - began < 5


def test_jobs_of_gateways_that_disagree_are_listed_as_they_came(redis_server: RedisServer) -> None:
    # given three gateways, of which two are wrong
    with (
        astray("gateway", redis_server, HOUR) as ahead,
        astray("gateway", redis_server, 0) as right,
        astray("gateway", redis_server, -HOUR) as behind,
    ):
        # when jobs are submitted to them in turn
        ids = [
            httpx.post(f"{gateway.url}/v1/jobs", json=probe(delay=60)).json()["id"]
            for gateway in (ahead, behind, right, behind, ahead)
        ]

        # then every one of them lists all, newest first
        for gateway in (ahead, right, behind):
            jobs = httpx.get(f"{gateway.url}/v1/jobs").json()["jobs"]
            assert [job["id"] for job in jobs] == ids[::-1]
            assert all(moment(one["created_at"]) > moment(two["created_at"]) for one, two in pairwise(jobs))


@WRONG
async def test_a_worker_runs_what_is_due_and_tells_times_by_the_clock_of_redis(
    redis_server: RedisServer, client: JobClient, seconds: int
) -> None:
    with astray("gateway", redis_server, -seconds) as gateway, astray("notifier", redis_server, seconds):
        async with httpx.AsyncClient(base_url=gateway.url) as http:
            # when a job is to run in two seconds, and one at once, for longer than a lease
            began = time.monotonic()
            later = (await http.post("/v1/jobs", json=probe(delay=2))).json()["id"]
            now = (await http.post("/v1/jobs", json=probe(2 * LEASE))).json()["id"]

            # then each runs when it should, once
            (job,) = await ended(client, later)
            assert 1.9 < time.monotonic() - began < 10
            assert job.started_at is not None
            assert job.started_at >= job.run_at
            assert_undisturbed([job, *await ended(client, now)])

            # and all its times are near to the right one, its log lines included
            (job,) = await ended(client, now)
            (attempt,) = job.history
            lines = await client.log(now)
            assert lines
            times = [job.created_at, attempt.started_at, *(line.at for line in lines), attempt.finished_at]
            assert all(abs(one - datetime.now(UTC)) < timedelta(seconds=60) for one in times if one)
            assert times == sorted(one for one in times if one)
            await assert_balanced(client)


@WRONG
async def test_a_dead_worker_is_found_after_its_lease_whoever_looks(
    redis_server: RedisServer, client: JobClient, seconds: int
) -> None:
    # given two workers whose clocks are two hours apart, of which one runs a job
    with astray("notifier", redis_server, seconds) as first:
        job_id = (await client.submit(ProbeRun(queue="notifier", seconds=60))).job.id
        await running(client, job_id)
        with astray("notifier", redis_server, -seconds):
            # when neither dies for two leases, nothing happens
            renewed = time.monotonic() + 2 * LEASE
            job = await eventually(lambda: client.get(job_id), lambda _: time.monotonic() > renewed)
            assert (job.claims, job.deaths) == (1, 0)

            # and when it is killed, the other one takes over
            first.kill()
            began = time.monotonic()
            await eventually(lambda: client.get(job_id), lambda job: job.claims == 2, deadline=20)
            assert time.monotonic() - began < LEASE + 5
