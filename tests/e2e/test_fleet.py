"""Two gateways and three workers of every service over one Valkey: whoever is asked, it is one system."""

import asyncio
import json
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.integration.workers.waiting import eventually
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer

SERVICES = ("notifier", "processor", "archiver")
WORKERS_EACH = 3
LEASE = 2

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True, slots=True)
class Fleet:
    gateways: list[ServiceProcess]
    workers: dict[str, list[ServiceProcess]]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        server = stack.enter_context(RedisServer())
        settings = variables(redis__url=server.url, lease=LEASE, worker__concurrency=5, **TRIAL)

        def start(module: str) -> ServiceProcess:
            return stack.enter_context(ServiceProcess(module, None, **settings))

        yield Fleet(
            gateways=[start("gateway") for _ in range(2)],
            workers={module: [start(module) for _ in range(WORKERS_EACH)] for module in SERVICES},
        )


@pytest.fixture
async def doors(fleet: Fleet) -> AsyncIterator[list[httpx.AsyncClient]]:
    """One client of each gateway that runs; one that a test has ended is started again."""
    for gateway in fleet.gateways:
        if not gateway.is_running:
            await asyncio.to_thread(gateway.start)
    async with (
        httpx.AsyncClient(base_url=fleet.gateways[0].url, timeout=30) as one,
        httpx.AsyncClient(base_url=fleet.gateways[1].url, timeout=30) as other,
    ):
        yield [one, other]


def probe(queue: str, seconds: float = 0.0, **options: object) -> dict[str, Any]:  # Any: JSON
    return {"kind": "probe.run", "payload": {"queue": queue, "seconds": seconds}, "options": options}


async def accepted(door: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await door.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


async def ended(door: httpx.AsyncClient, path: str) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        job: dict[str, Any] = (await door.get(path, headers={"Prefer": "wait=10"})).json()
        return job

    return await eventually(read, lambda job: job["finished_at"] is not None, deadline=60)


async def imbalance(door: httpx.AsyncClient) -> int:
    return int((await door.get("/v1/ledger")).json()["imbalance"])


async def test_what_one_gateway_took_the_other_shows_waits_for_follows_and_cancels(
    doors: list[httpx.AsyncClient],
) -> None:
    # given
    one, other = doors
    short = await accepted(one, probe("notifier", 0.5))
    long = await accepted(one, probe("processor", 60))

    # when
    events = asyncio.create_task(other.get(short["links"]["events"]))
    waited = await ended(other, short["links"]["self"])
    cancelled = await other.delete(long["links"]["self"])

    # then
    assert waited["state"] == "succeeded"
    states = [
        json.loads(line.removeprefix("data: "))["state"]
        for line in (await events).text.splitlines()
        if line.startswith("data: ") and '"state"' in line
    ]
    assert states == ["queued", "running", "succeeded"]
    assert cancelled.status_code == 202
    assert (await ended(one, long["links"]["self"]))["state"] == "cancelled"


async def test_jobs_from_both_gateways_are_shared_by_all_workers_and_each_runs_once(
    doors: list[httpx.AsyncClient],
) -> None:
    # given
    bodies = [probe(queue, 0.05) for _ in range(100) for queue in SERVICES]

    # when
    jobs = await asyncio.gather(
        *(accepted(door, body) for door, body in zip(cycle(doors), bodies, strict=False))
    )
    ends = await asyncio.gather(
        *(ended(door, job["links"]["self"]) for door, job in zip(cycle(doors), jobs, strict=False))
    )

    # then
    assert {job["state"] for job in ends} == {"succeeded"}
    assert {job["claims"] for job in ends} == {1}
    workers: dict[str, set[str]] = defaultdict(set)
    for job in ends:
        workers[job["queue"]].add(job["worker"])
    assert {queue: len(names) for queue, names in workers.items()} == dict.fromkeys(SERVICES, WORKERS_EACH)
    assert [await imbalance(door) for door in doors] == [0, 0]


async def test_keys_hold_across_gateways(doors: list[httpx.AsyncClient]) -> None:
    # given
    key = {"Idempotency-Key": f'"{uuid4()}"'}
    body = probe("archiver", 1)
    unique = probe("archiver", 5, unique_key=str(uuid4()))

    # when
    same = await asyncio.gather(
        *(
            door.post("/v1/jobs", json=body, headers=key)
            for door, _ in zip(cycle(doors), range(20), strict=False)
        )
    )
    rivals = await asyncio.gather(
        *(door.post("/v1/jobs", json=unique) for door, _ in zip(cycle(doors), range(20), strict=False))
    )

    # then
    assert {answer.status_code for answer in same} == {202}
    assert len({answer.json()["id"] for answer in same}) == 1
    assert Counter(answer.status_code for answer in rivals) == {202: 1, 409: 19}
    (first,) = {answer.headers["Location"] for answer in rivals}
    assert (await doors[1].delete(first)).status_code == 202


async def test_ended_jobs_are_swept_once_although_everybody_sweeps(doors: list[httpx.AsyncClient]) -> None:
    # given
    before = (await doors[0].get("/v1/ledger")).json()

    # when
    await asyncio.gather(
        *(
            accepted(door, probe("notifier", retention=1))
            for door, _ in zip(cycle(doors), range(250), strict=False)
        )
    )

    # then
    async def swept() -> dict[str, int]:
        ledger: dict[str, int] = (await doors[1].get("/v1/ledger")).json()
        return ledger

    ledger = await eventually(swept, lambda now: now["swept"] >= before["swept"] + 250, deadline=40)
    assert ledger["swept"] == before["swept"] + 250
    assert ledger["imbalance"] == 0


async def test_the_fleet_goes_on_when_a_gateway_ends_and_workers_die(
    fleet: Fleet, doors: list[httpx.AsyncClient]
) -> None:
    # given
    one, other = doors
    jobs = [
        await accepted(door, probe(queue, 0.3)) for door in doors for _ in range(20) for queue in SERVICES
    ]
    waiting = await accepted(one, probe("notifier", 30))
    cut_short = asyncio.create_task(one.get(waiting["links"]["self"], headers={"Prefer": "wait=60"}))
    await eventually(lambda: other.get("/v1/jobs?state=running"), lambda page: len(page.json()["jobs"]) > 3)

    # when
    killed = [workers[0] for workers in fleet.workers.values()]
    for worker in killed:
        worker.kill()
    fleet.gateways[0].send(signal.SIGTERM)
    ends = await asyncio.gather(*(ended(other, job["links"]["self"]) for job in jobs))

    # then
    assert await asyncio.to_thread(fleet.gateways[0].wait) == 0
    assert (await cut_short).json()["finished_at"] is None
    assert {job["state"] for job in ends} == {"succeeded"}
    assert sum(job["claims"] - 1 for job in ends) <= 5 * len(killed)
    assert await imbalance(other) == 0
    await other.delete(waiting["links"]["self"])
    for worker in killed:
        await asyncio.to_thread(worker.start)
