"""Jobs that follow one another on real workers: each exactly once, whatever dies, and only after a success."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fault_proxy import FaultProxy
from tests.integration.workers import unruly, waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_balanced
from tests.integration.workers.supervision import supervised
from tests.integration.workers.unruly.contracts import QUEUE, Behave
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import FollowUp, Job, JobOptions, JobQuery, JobState
from afterwork.contracts.probe import ProbeFailure, ProbeRun
from afterwork.engine import JobClient

LEASE = 1
KILLS = 50
ROWS = 150


def probe(*then: FollowUp, **payload: Any) -> FollowUp:  # noqa: ANN401 - any field of a probe
    return FollowUp(
        kind="probe.run", payload={"queue": QUEUE, **payload}, options=JobOptions(then=list(then))
    )


async def all_jobs(client: JobClient) -> list[Job]:
    """Every job there is, each as a whole."""
    found: list[Job] = []
    query: JobQuery | None = JobQuery(page_size=500)
    while query is not None:
        page = await client.list(query)
        found += [await client.get(summary.id) for summary in page.jobs]
        token = page.next_page_token
        query = query.model_copy(update={"page_token": token}) if token else None
    return found


async def all_ended(client: JobClient, deadline: float = 60) -> list[Job]:
    """Every job, when none is left to run: what follows is stored together with the end before it."""
    await waiting.eventually(
        client.ledger,
        lambda ledger: ledger.queued + ledger.scheduled + ledger.running == 0,
        deadline=deadline,
    )
    return await all_jobs(client)


def assert_followed_once(jobs: list[Job]) -> None:
    """Each job that succeeded has exactly the followers that it wanted, and no other job has any."""
    children: dict[str | None, list[str]] = {}
    for job in jobs:
        children.setdefault(job.parent, []).append(job.id)
    for job in jobs:
        wanted = len(job.then) if job.state is JobState.SUCCEEDED else 0
        assert len(job.followers) == wanted, job
        assert sorted(children.get(job.id, [])) == sorted(job.followers), job


async def test_three_jobs_in_a_row_each_get_what_the_one_before_returned(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    services.start(unruly.MODULE, redis_server.url, lease=LEASE)
    third = probe(seconds="{result.seconds}", fail="never")
    second = probe(third, seconds="{result.seconds}")

    submitted = await client.submit(ProbeRun(queue=QUEUE, seconds=0.125), JobOptions(then=[second, probe()]))
    assert (submitted.job.then, submitted.job.followers) == (["probe.run", "probe.run"], [])
    first = await client.wait(submitted.job.id, timeout=30)
    row = [first]
    while row[-1].followers:
        row.append(await client.wait(row[-1].followers[0], timeout=30))

    assert [job.state for job in row] == [JobState.SUCCEEDED] * 3
    assert [job.result["seconds"] for job in row] == [0.125] * 3
    assert [job.parent for job in row] == [None, row[0].id, row[1].id]
    assert_followed_once(await all_ended(client))
    await assert_balanced(client)


async def test_what_failed_or_was_cancelled_is_not_followed_until_a_retry_succeeds(
    client: JobClient, redis_server: RedisServer, services: Services, tmp_path: Path
) -> None:
    # given a job that fails, one that is cancelled while it runs, and one that fails once
    services.start(unruly.MODULE, redis_server.url, lease=LEASE)
    options = JobOptions(then=[probe()])
    until = tmp_path / "until"
    fails = ProbeRun(queue=QUEUE, fail=ProbeFailure.PERMANENT)
    waits = Behave(until=str(until), started=f"{tmp_path}/started")
    again = ProbeRun(queue=QUEUE, fail=ProbeFailure.ONCE)
    failed, cancelled, twice = [(await client.submit(job, options)).job.id for job in (fails, waits, again)]
    await waiting.running(client, cancelled)
    await client.cancel(cancelled)

    # when they have ended
    jobs = await waiting.ended(client, failed, cancelled, twice)

    # then the last one is followed, and of the others the one whose retry succeeds
    assert [job.state.value for job in jobs] == ["failed", "cancelled", "succeeded"]
    assert [len(job.followers) for job in jobs] == [0, 0, 1]
    until.touch()
    await client.retry(cancelled)
    await client.retry(failed)
    jobs = await waiting.ended(client, failed, cancelled)
    assert [len(job.followers) for job in jobs] == [0, 1]
    assert_followed_once(await all_ended(client))


async def test_a_follow_up_that_cannot_be_filled_in_fails_where_it_can_be_seen(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    worker = services.start(unruly.MODULE, redis_server.url, lease=LEASE)

    submitted = await client.submit(
        ProbeRun(queue=QUEUE), JobOptions(then=[probe(seconds="{result.colour}"), probe()])
    )
    first = await client.wait(submitted.job.id, timeout=30)
    broken, good = await waiting.ended(client, *first.followers)

    assert broken.error is not None
    assert (broken.state, broken.error.code) == (JobState.FAILED, "payload-invalid")
    assert "{result.colour}" in broken.error.detail
    assert good.state is JobState.SUCCEEDED
    assert "a follow-up fails at once" in worker.log
    assert (await client.ledger()).accepted == 3
    await assert_balanced(client)


@pytest.mark.timeout(400)
async def test_workers_that_are_killed_at_any_moment_leave_each_follower_there_once(
    client: JobClient, redis_server: RedisServer, services: Services
) -> None:
    # given two workers, and jobs that are followed by two each, one of which is followed in turn
    workers = [
        services.start(unruly.MODULE, redis_server.url, lease=LEASE, worker__concurrency=5) for _ in range(2)
    ]
    then = JobOptions(then=[probe(probe(seconds="{result.seconds}"), seconds="{result.seconds}"), probe()])
    for number in range(ROWS):
        await client.submit(ProbeRun(queue=QUEUE, seconds=number % 10 / 50), then)

    # when they are killed again and again
    async with supervised(workers[0]) as first, supervised(workers[1]) as second:
        while len(first.ends) + len(second.ends) < KILLS:
            await _kill_soon(random.choice(workers))
            if len(await _unfinished(client)) < 20:
                await client.submit(ProbeRun(queue=QUEUE, seconds=0.1), then)
        jobs = await all_ended(client, deadline=120)

    # then nothing is missing, and nothing is there twice
    assert Counter(first.ends + second.ends).keys() == {-9}
    assert sum(job.deaths for job in jobs) > 0, "the test is about jobs under which workers died"
    assert sum(job.state is JobState.SUCCEEDED for job in jobs) > ROWS
    assert_followed_once(jobs)
    await assert_balanced(client)


async def _kill_soon(worker: ServiceProcess) -> None:
    await waiting.true(lambda: worker.is_running and worker.is_ready)
    await waiting.elapsed(random.uniform(0, 0.3))
    if worker.is_running:
        await asyncio.to_thread(worker.kill)


async def _unfinished(client: JobClient) -> list[str]:
    pages = [
        await client.list(JobQuery(state=state, page_size=100))
        for state in (JobState.QUEUED, JobState.RUNNING)
    ]
    return [job.id for page in pages for job in page.jobs]


async def test_an_end_whose_answer_is_lost_is_followed_once(
    own_client: JobClient, own_redis: RedisServer, services: Services, tmp_path: Path
) -> None:
    # given a worker that reaches Redis through a network, and runs as many jobs as it can: it asks for no more
    with FaultProxy(own_redis.socket) as network:
        services.start(unruly.MODULE, network.url, lease=LEASE, worker__concurrency=1)
        until = tmp_path / "until"
        behave = Behave(until=str(until), started=f"{tmp_path}/started")
        submitted = await own_client.submit(behave, JobOptions(then=[probe(), probe()]))
        await waiting.running(own_client, submitted.job.id)

        # when the job ends, and the answer to its end is lost
        network.lose_answers()
        until.touch()
        (job,) = await waiting.ended(own_client, submitted.job.id)
        await waiting.elapsed(2 * LEASE)
        network.mend()

        # then the repeat changes nothing
        jobs = await all_ended(own_client)
    assert len(job.followers) == 2
    assert len(jobs) == 3
    assert_followed_once(jobs)


@pytest.fixture
async def gateways(redis_server: RedisServer, services: Services) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Requests to two gateways over the same server."""
    processes = [services.start("gateway", redis_server.url) for _ in range(2)]
    async with (
        httpx.AsyncClient(base_url=processes[0].url, timeout=40) as one,
        httpx.AsyncClient(base_url=processes[1].url, timeout=40) as other,
    ):
        yield [one, other]


async def test_a_row_submitted_to_one_gateway_is_seen_through_another(
    gateways: list[httpx.AsyncClient], redis_server: RedisServer, services: Services
) -> None:
    services.start("notifier", redis_server.url, lease=LEASE)
    one, other = gateways
    payload = {"queue": "notifier", "seconds": "{result.seconds}"}
    second = {
        "kind": "probe.run",
        "payload": payload,
        "options": {"then": [{"kind": "probe.run", "payload": payload}]},
    }
    first = {
        "kind": "probe.run",
        "payload": {"queue": "notifier", "seconds": 0.25},
        "options": {"then": [second]},
    }

    accepted = await one.post("/v1/jobs", json=first)
    assert accepted.json()["then"] == ["probe.run"]
    row = [(await other.get(accepted.headers["location"], headers={"Prefer": "wait=30"})).json()]
    while row[-1]["followers"]:
        address = f"/v1/jobs/{row[-1]['followers'][0]}"
        row.append((await one.get(address, headers={"Prefer": "wait=30"})).json())

    assert [job["state"] for job in row] == ["succeeded"] * 3
    assert [job["result"]["seconds"] for job in row] == [0.25] * 3
    assert [job["parent"] for job in row] == [None, row[0]["id"], row[1]["id"]]
    listed = (await other.get("/v1/jobs")).json()["jobs"]
    assert [job["parent"] for job in listed] == [row[1]["id"], row[0]["id"], None]
