"""Readers of event streams who never read, are gone, or outlive the gateway or Redis: none costs more than its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import httpx
import psutil
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.event_source import Message, everything, following
from tests.integration.gateway.raw_http import connected, request
from tests.integration.gateway.talks import Talk, talking, working
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer, wait_until

from afterwork.engine import JobClient

SEND_TIMEOUT = 1.0
READERS = 200
MIB = 1024 * 1024


def gateway_over(server: RedisServer) -> ServiceProcess:
    settings = variables(redis__url=server.url, gateway__keep_alive=0.1, gateway__send_timeout=SEND_TIMEOUT)
    return ServiceProcess("gateway", None, **settings)


@pytest.fixture(scope="module")
def gateway(shared_redis: RedisServer) -> Iterator[ServiceProcess]:
    with gateway_over(shared_redis) as process:
        yield process


@pytest.fixture
async def http(gateway: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
        yield client


def served(gateway: ServiceProcess) -> float:
    """How many event streams were begun and have come to their end."""
    labels = {"route": "/v1/jobs/{job_id}/events", "status": "200"}
    return gateway.metric("afterwork_http_requests_total", **labels) or 0


def followed(server: RedisServer) -> int:
    """How many jobs somebody follows."""
    with server.client() as client:
        return len(client.pubsub_channels("aw:j:*"))


async def test_readers_who_never_read_cost_little_and_are_cut_off(
    gateway: ServiceProcess, http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    job = (await jobs.submit(Talk(steps=2, lines=100, length=1900))).job
    async with working(redis_server, talking(asyncio.Semaphore(1))):
        async with asyncio.timeout(20):
            while (await jobs.get(job.id)).progress is None:
                await asyncio.sleep(0.02)
        process = psutil.Process(gateway.pid)
        before, already = process.memory_info().rss, served(gateway)
        stream = request("GET", f"/v1/jobs/{job.id}/events")

        # When
        with ExitStack() as open_ones:
            for _ in range(READERS):
                reader = open_ones.enter_context(connected(gateway.url, receive_buffer=4096))
                reader.sendall(stream)
            highest, latest = before, 0.0
            async with asyncio.timeout(60):
                while served(gateway) < already + READERS:
                    highest = max(highest, process.memory_info().rss)
                    latest = max(latest, (await http.get("/healthz")).elapsed.total_seconds())

        # Then
        assert highest - before < READERS * MIB
        assert latest < 10 * SEND_TIMEOUT  # in turn, 200 readers would hold it up for 200 times as long
        async with asyncio.timeout(20):
            while followed(redis_server):
                await asyncio.sleep(0.05)
    assert "Traceback" not in gateway.log
    print(f"{(highest - before) / READERS / 1024:.0f} KiB each; slowest other answer {latest * 1000:.0f} ms")


async def test_a_slow_reader_is_served_to_the_end(
    gateway: ServiceProcess, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    job = (await jobs.submit(Talk(lines=100, length=1900))).job
    async with working(redis_server, talking(asyncio.Semaphore(1))):
        await jobs.wait(job.id, 20)

    def read_slowly() -> bytes:
        received = b""
        with connected(gateway.url, receive_buffer=2048) as reader:
            reader.sendall(request("GET", f"/v1/jobs/{job.id}/events"))
            while not received.endswith(b"0\r\n\r\n"):
                time.sleep(SEND_TIMEOUT / 50)  # that it is slow is what this is about
                received += reader.recv(1024)
        return received

    # When
    began = time.monotonic()
    received = await asyncio.to_thread(read_slowly)

    # Then
    assert time.monotonic() - began > 2 * SEND_TIMEOUT
    assert received.count(b"event: log") == 100
    assert b'"state":"succeeded"' in received


async def test_readers_who_are_gone_leave_nothing_behind(
    gateway: ServiceProcess, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    ids = [(await jobs.submit(Talk())).job.id for _ in range(READERS)]
    readers = [connected(gateway.url) for _ in ids]
    for reader, job_id in zip(readers, ids, strict=True):
        reader.sendall(request("GET", f"/v1/jobs/{job_id}/events"))
    await asyncio.to_thread(wait_until, lambda: followed(redis_server) == READERS, what="all are followed")

    # When
    for reader in readers:
        reader.close()

    # Then
    await asyncio.to_thread(wait_until, lambda: followed(redis_server) == 0, what="nobody follows any job")
    assert "Traceback" not in gateway.log


async def test_the_end_of_the_gateway_ends_streams_in_order_and_they_go_on_elsewhere(
    redis_server: RedisServer, http: httpx.AsyncClient, jobs: JobClient
) -> None:
    job = (await jobs.submit(Talk())).job
    with gateway_over(redis_server) as ending:
        # Given
        seen: list[Message] = []
        async with (
            httpx.AsyncClient(base_url=ending.url, timeout=20) as client,
            following(client, job.id) as source,
        ):
            # When
            async for message in source.messages():
                seen.append(message)
                began = time.monotonic()
                ending.terminate()

        # Then
        assert time.monotonic() - began < 1.5
        assert ending.wait(5) == 0
        assert "Traceback" not in ending.log
        assert "cut off" not in ending.log

    # And when
    await jobs.cancel(job.id)
    seen += await everything(http, job.id, seen[-1].id)

    # Then
    assert [message.state for message in seen] == ["queued", "cancelled"]


@pytest.mark.parametrize("away", ["restarted", "killed", "frozen"])
async def test_a_stream_stays_while_redis_is_away_and_misses_no_state(
    own_redis: RedisServer, away: str
) -> None:
    with gateway_over(own_redis) as gateway:
        async with (
            JobClient.connect(own_redis.url) as jobs,
            httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
        ):
            # Given
            job = (await http.post("/v1/jobs", json=probe())).json()
            async with following(http, job["id"]) as source, asyncio.timeout(60):
                messages = source.messages()
                seen = [await anext(messages)]
                rest = asyncio.create_task(_all(messages))

                # When
                {"restarted": own_redis.stop, "killed": own_redis.kill, "frozen": own_redis.pause}[away]()
                comments = source.comments
                while source.comments < comments + 5:
                    await asyncio.sleep(0.02)
                await asyncio.to_thread(own_redis.resume if away == "frozen" else own_redis.start)
                async with working(own_redis, talking(asyncio.Semaphore(9))):
                    await _wait_for_end(jobs, job["id"])
                    seen += await rest

        # Then
        assert [message.state for message in seen] == ["queued", "running", "succeeded"]
        assert "Traceback" not in gateway.log


async def _all(messages: AsyncIterator[Message]) -> list[Message]:
    return [message async for message in messages]


async def _wait_for_end(jobs: JobClient, job_id: str) -> None:
    while not (await jobs.wait(job_id, 10)).state.is_final:
        pass
