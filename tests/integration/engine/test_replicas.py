"""Jobs that are to be on a replica before they are accepted, on a real primary with real replicas."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.servers import RedisServer, free_port, redis_binary, valkey_binary, wait_until

from afterwork.contracts import Durability
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

SOON = 2.0
"""Seconds within which a submit must be answered, whatever the replicas do."""

pytestmark = pytest.mark.skipif(valkey_binary() is None, reason="Valkey is not installed")


@pytest.fixture
def primary() -> Iterator[RedisServer]:
    with RedisServer(valkey_binary(), port=str(free_port()), repl_diskless_sync_delay="0") as server:
        yield server


@contextmanager
def replica_of(primary: RedisServer) -> Iterator[RedisServer]:
    """A replica that has caught up, its own file and all."""
    with RedisServer(valkey_binary()) as server, server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", primary.options["port"])
        wait_until(lambda: client.info("replication")["master_link_status"] == "up")
        wait_until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0)
        yield server


@pytest.fixture
def replica(primary: RedisServer) -> Iterator[RedisServer]:
    with replica_of(primary) as server:
        yield server


async def durability(client: JobClient) -> Durability:
    """Of a new job, in its answer and in its record; answered soon."""
    began = time.monotonic()
    job = (await client.submit(ProbeRun(queue="notifier"))).job
    assert time.monotonic() - began < SOON
    assert (await client.get(job.id)).durability is job.durability
    return job.durability


async def test_a_job_is_accepted_when_it_is_on_the_replica(
    primary: RedisServer, replica: RedisServer
) -> None:
    async with JobClient.connect(primary.url, replicas=1) as client:
        assert await durability(client) is Durability.REPLICA
        assert (await client.server()).findings == ()

        with replica.client() as other:
            assert other.keys("aw:job:*")

    async with JobClient.connect(primary.url) as content_with_less:
        assert await durability(content_with_less) is Durability.FSYNC


@pytest.mark.parametrize("fate", ["gone", "frozen", "without a file"])
async def test_a_replica_that_does_not_keep_up_costs_the_promise_and_not_the_job(
    primary: RedisServer, replica: RedisServer, fate: str
) -> None:
    async with JobClient.connect(primary.url, replicas=1) as client:
        assert await durability(client) is Durability.REPLICA

        if fate == "gone":
            replica.kill()
        elif fate == "frozen":
            replica.pause()
        else:
            with replica.client() as other:
                other.config_set("appendonly", "no")
        assert await durability(client) is Durability.FSYNC

        many = await asyncio.gather(*(durability(client) for _ in range(40)))
        assert set(many) == {Durability.FSYNC}


async def test_two_replicas_are_more_than_one(primary: RedisServer, replica: RedisServer) -> None:
    async with JobClient.connect(primary.url, replicas=2) as client:
        assert await durability(client) is Durability.FSYNC
        assert [finding.code for finding in (await client.server()).findings] == ["replicas-missing"]

        with replica_of(primary):
            assert await durability(client) is Durability.REPLICA


async def test_many_jobs_at_once_do_not_wait_for_each_other(
    primary: RedisServer, replica: RedisServer
) -> None:
    """A replica that syncs every second makes each call slow; calls go on side by side."""
    with replica.client() as other:
        other.config_set("appendfsync", "everysec")
    async with JobClient.connect(primary.url, replicas=1) as client:
        began = time.monotonic()

        async def submitter(delay: float) -> Durability:
            await asyncio.sleep(delay)
            return await durability(client)

        many = await asyncio.gather(*(submitter(number / 50) for number in range(100)))

        assert time.monotonic() - began < 2 + SOON
        assert many.count(Durability.REPLICA) > len(many) / 2


async def test_a_primary_that_syncs_every_second_only_is_waited_for_as_well(
    primary: RedisServer, replica: RedisServer
) -> None:
    with primary.client() as admin:
        admin.config_set("appendfsync", "everysec")
        async with JobClient.connect(primary.url, replicas=1) as client:
            assert await durability(client) in {Durability.REPLICA, Durability.EVERYSEC}

        admin.config_set("appendonly", "no")
        async with JobClient.connect(primary.url, replicas=1) as client:
            assert await durability(client) is Durability.MEMORY


@pytest.mark.skipif(redis_binary() is None, reason="redis-server is not installed")
async def test_a_server_that_cannot_tell_what_replicas_have_promises_no_more_than_itself() -> None:
    with RedisServer(redis_binary()) as server:
        async with JobClient.connect(server.url, replicas=1) as client:
            assert await durability(client) is Durability.FSYNC
            assert [finding.code for finding in (await client.server()).findings] == ["replicas-untold"]
