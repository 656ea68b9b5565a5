"""No job says that it is safer than it is: `durability` follows what the server's settings are at that moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.engine.reports import Admin
from tests.integration.workers.waiting import eventually
from tests.servers import RedisServer

from afterwork.contracts import Durability, Job
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[JobClient]:
    async with JobClient.connect(server.url) as connected:
        yield connected


async def submitted(client: JobClient) -> Job:
    """A new job, which its record describes as its answer did."""
    job = (await client.submit(ProbeRun(queue="notifier"))).job
    assert (await client.get(job.id)).durability is job.durability
    return job


@pytest.mark.parametrize(
    ("setting", "worse", "better", "durability"),
    [
        ("appendfsync", "everysec", "always", Durability.EVERYSEC),
        ("appendfsync", "no", "always", Durability.UNKNOWN),
        ("appendonly", "no", "yes", Durability.MEMORY),
        ("no-appendfsync-on-rewrite", "yes", "no", Durability.UNKNOWN),
    ],
)
async def test_a_worse_setting_is_said_by_the_very_next_job_and_a_better_one_soon(
    client: JobClient, admin: Admin, setting: str, worse: str, better: str, durability: Durability
) -> None:
    assert (await submitted(client)).durability is Durability.FSYNC

    admin.config_set(setting, worse)
    assert [(await submitted(client)).durability for _ in range(2)] == [durability] * 2

    admin.config_set(setting, better)
    await eventually(lambda: submitted(client), lambda job: job.durability is Durability.FSYNC, deadline=5)


async def test_a_policy_that_may_delete_jobs_promises_nothing(client: JobClient, admin: Admin) -> None:
    assert (await submitted(client)).durability is Durability.FSYNC

    admin.config_set("maxmemory", 2**30)
    admin.config_set("maxmemory-policy", "allkeys-lru")

    assert (await submitted(client)).durability is Durability.UNKNOWN


async def test_jobs_of_one_call_are_all_corrected_however_often_it_changes(
    client: JobClient, admin: Admin
) -> None:
    answers: list[Job] = []
    for sync in ["everysec", "always"] * 10:
        admin.config_set("appendfsync", sync)
        many = await asyncio.gather(*(client.submit(ProbeRun(queue="notifier")) for _ in range(5)))
        assert sync == "always" or {one.job.durability for one in many} == {Durability.EVERYSEC}
        answers += [one.job for one in many]

    assert [(await client.get(job.id)).durability for job in answers] == [job.durability for job in answers]


async def test_a_file_that_is_just_being_begun_promises_nothing_yet(client: JobClient, admin: Admin) -> None:
    # given a server without a file, and data that take a while to be written
    admin.config_set("appendonly", "no")
    for number in range(100):
        admin.set(str(number), "x")
    assert (await submitted(client)).durability is Durability.MEMORY
    admin.config_set("rdb-key-save-delay", 20_000)

    # when the file is begun
    admin.config_set("appendonly", "yes")

    # then jobs are not on disk before it is complete
    early = {Durability.MEMORY, Durability.UNKNOWN}
    while admin.info("persistence")["aof_rewrite_in_progress"]:
        job = await submitted(client)
        assert job.durability in early or not admin.info("persistence")["aof_rewrite_in_progress"]
        await asyncio.sleep(0.05)
    admin.config_set("rdb-key-save-delay", 0)
    await eventually(lambda: submitted(client), lambda job: job.durability is Durability.FSYNC, deadline=5)


@pytest.mark.parametrize(("file", "durability"), [("yes", Durability.UNKNOWN), ("no", Durability.MEMORY)])
async def test_a_server_that_hides_its_settings_is_not_overrated(
    server: RedisServer, admin: Admin, file: str, durability: Durability
) -> None:
    admin.config_set("appendonly", file)
    admin.execute_command("ACL", "SETUSER", "bob", "on", ">secret", "~*", "&*", "+@all", "-config")

    async with JobClient.connect(f"unix://bob:secret@{server.socket}") as client:
        assert (await submitted(client)).durability is durability
        assert (await client.server()).durability is durability
