"""`probe.run` with `cpu` and `memory`: in child processes, which a service has only when it needs them."""

import asyncio

import psutil
import pytest
from tests.integration.workers import waiting
from tests.integration.workers.conftest import Services
from tests.integration.workers.short_jobs import assert_undisturbed
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import Job, JobState
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.engine import JobClient


@pytest.fixture(params=["notifier", "processor", "archiver"])
def worker(redis_server: RedisServer, services: Services, request: pytest.FixtureRequest) -> ServiceProcess:
    return services.start(request.param, redis_server.url, sandbox__memory="200MiB")


async def outcome_of(client: JobClient, probe: ProbeRun) -> Job:
    (job,) = await waiting.ended(client, (await client.submit(probe)).job.id)
    return job


def children_of(worker: ServiceProcess) -> list[psutil.Process]:
    return psutil.Process(worker.pid).children(recursive=True)


async def test_every_service_works_probes_in_children_and_has_none_without_need(
    client: JobClient, worker: ServiceProcess
) -> None:
    # given what needs no child
    await outcome_of(client, ProbeRun(queue=worker.module, seconds=0.1))
    assert not children_of(worker)

    # when
    busy = await outcome_of(client, ProbeRun(queue=worker.module, mode=ProbeMode.CPU, seconds=0.2))
    modest = await outcome_of(client, ProbeRun(queue=worker.module, mode=ProbeMode.MEMORY, megabytes=20))
    greedy = await outcome_of(
        client, ProbeRun(queue=worker.module, mode=ProbeMode.MEMORY, megabytes=5000, seconds=5)
    )

    # then
    assert_undisturbed([busy, modest])
    assert greedy.error is not None
    assert (greedy.state, greedy.attempt, greedy.error.code) == (JobState.FAILED, 1, "out-of-memory")
    assert [len(server.children()) for server in psutil.Process(worker.pid).children()] == [0]
    assert_undisturbed([await outcome_of(client, ProbeRun(queue=worker.module))])


async def test_a_service_that_had_children_ends_in_order(client: JobClient, worker: ServiceProcess) -> None:
    job = await outcome_of(client, ProbeRun(queue=worker.module, mode=ProbeMode.CPU))
    (server,) = children_of(worker)

    worker.terminate()

    assert await asyncio.to_thread(worker.wait) == 0
    assert not server.is_running()
    assert "left something running" not in worker.log
    assert_undisturbed([job])
