"""Redis without memory, under a real gateway and a real worker: new work is refused, and nothing else stops."""

import httpx
import pytest
from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.processes import ServiceProcess
from tests.servers import RedisServer, wait_until

from afterwork import errors
from afterwork.contracts import JobState
from afterwork.contracts.probe import ProbeFailure, ProbeRun
from afterwork.engine import JobClient, Submission

LEASE = 1
LONG = 4.0
"""Seconds, several leases."""
PROBE = {"kind": "probe.run", "payload": {"queue": "notifier"}}
PAGES = ("/healthz", "/readyz", "/metrics")


class Memory:
    """Fills the server by a ballast of 20 MB, and makes room again without touching its limit."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def fill(self) -> None:
        with self._server.client() as client:
            client.setrange("ballast", 20_000_000, "x")
            client.config_set("maxmemory", 15_000_000)

    def make_room(self) -> None:
        with self._server.client() as client:
            client.delete("ballast")


@pytest.fixture
def memory(own_redis: RedisServer) -> Memory:
    return Memory(own_redis)


async def test_new_work_is_refused_until_there_is_room_and_all_other_work_goes_on(
    own_client: JobClient, own_redis: RedisServer, services: Services, memory: Memory
) -> None:
    # given a gateway and a worker with running, waiting and failed jobs
    gateway = services.start("gateway", own_redis.url, lease=LEASE)
    worker = services.start("notifier", own_redis.url, lease=LEASE, worker__concurrency=5)
    (failed,) = await submit(own_client, fail=ProbeFailure.PERMANENT)
    await waiting.ended(own_client, failed)
    running = await submit(own_client, seconds=LONG, count=5)
    await waiting.running(own_client, *running)
    unwanted, *wanted = await submit(own_client, count=5)

    # when memory is full
    memory.fill()

    # then new work is refused, and all else is possible
    async with httpx.AsyncClient(base_url=gateway.url, timeout=10) as http:
        await assert_new_work_is_refused(http, own_client, failed)
        assert (await http.get(f"/v1/jobs/{running[0]}")).json()["state"] == "running"
        assert len((await http.get("/v1/jobs")).json()["jobs"]) == 11
        assert (await http.delete(f"/v1/jobs/{unwanted}")).status_code == 202
        for process in (gateway, worker):
            assert_pages_answer(process)

        # and what runs ends with its result, its lease renewed all the while, and what waits is worked after it
        for job in await waiting.ended(own_client, *running, *wanted):
            assert (job.state, job.attempt, job.deaths) == (JobState.SUCCEEDED, 1, 0), job
            assert await own_client.result(job.id) is not None
        assert (await own_client.get(unwanted)).state is JobState.CANCELLED
        await assert_new_work_is_refused(http, own_client, failed)

        # and when there is room, it is accepted again
        memory.make_room()
        assert (await http.post("/v1/jobs", json=PROBE)).status_code == 202
        assert (await http.post(f"/v1/jobs/{failed}/retry")).status_code == 202
        assert (await http.get("/v1/ledger")).json()["imbalance"] == 0
    wait_until(lambda: not says_full(gateway) and not says_full(worker), deadline=5)
    assert "Traceback" not in gateway.log + worker.log


async def submit(client: JobClient, *, count: int = 1, **payload: object) -> list[str]:
    probe = ProbeRun.model_validate({"queue": "notifier", **payload})
    return [(await client.submit(probe)).job.id for _ in range(count)]


async def assert_new_work_is_refused(http: httpx.AsyncClient, client: JobClient, failed: str) -> None:
    for refused in (await http.post("/v1/jobs", json=PROBE), await http.post(f"/v1/jobs/{failed}/retry")):
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/queue-full")
        assert refused.headers["retry-after"] == "10"
    many = await client.submit_many([Submission.of(ProbeRun(queue="notifier")) for _ in range(3)])
    assert [type(answer) for answer in many] == [errors.QueueFull] * 3


def assert_pages_answer(process: ServiceProcess) -> None:
    wait_until(lambda: says_full(process), deadline=5)
    answers = {path: process.get(path) for path in PAGES}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(PAGES, 200)
    assert "afterwork_redis_up 1.0" in answers["/metrics"].text


def says_full(process: ServiceProcess) -> bool:
    return "its memory is full" in process.get("/readyz").text


async def test_a_job_that_fails_while_memory_is_full_is_tried_again(
    own_client: JobClient, own_redis: RedisServer, services: Services, memory: Memory
) -> None:
    services.start("notifier", own_redis.url, lease=LEASE)
    once = ProbeRun(queue="notifier", seconds=1, fail=ProbeFailure.ONCE)
    job_id = (await own_client.submit(once)).job.id
    await waiting.running(own_client, job_id)

    memory.fill()

    (job,) = await waiting.ended(own_client, job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 2)


async def test_a_worker_that_starts_while_memory_is_full_works(
    own_client: JobClient, own_redis: RedisServer, services: Services, memory: Memory
) -> None:
    submitted = await own_client.submit(ProbeRun(queue="notifier"))
    memory.fill()

    services.start("notifier", own_redis.url, lease=LEASE)

    (job,) = await waiting.ended(own_client, submitted.job.id)
    assert job.state is JobState.SUCCEEDED
