"""Thousands of connections over which nothing comes: they cost little, hold nobody up, and are closed in time."""

import asyncio
import resource
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.raw_http import address, request
from tests.processes import ServiceProcess
from tests.servers import RedisServer

SILENT = 2000
KEPT = 2000
PATIENCE = 10
"""Seconds that this gateway gives a request to arrive."""
KEEP_ALIVE = 5
"""Seconds for which uvicorn keeps a connection that has served a request."""
FILES = SILENT + KEPT + 1000
MEMORY_FOR_ALL = 100 * 1024 * 1024
"""Bytes; 25 KB a connection."""
SOON = 1.0
OPEN_AT_A_TIME = 200

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """This process needs as many connections as the gateway."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip(f"the system allows no {FILES} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def patient(redis_server: RedisServer) -> Iterator[ServiceProcess]:
    """A gateway that was started with the usual limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    process = ServiceProcess(
        "gateway", AFTERWORK_REDIS__URL=redis_server.url, AFTERWORK_GATEWAY__REQUEST_TIMEOUT=str(PATIENCE)
    )
    try:
        process.start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield process
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        process.remove()


async def opened(url: str, count: int, sent: bytes) -> list[Streams]:
    """Connections over which this was sent and, if it was a request, answered."""
    slots = asyncio.Semaphore(OPEN_AT_A_TIME)

    async def one() -> Streams:
        async with slots:
            reader, writer = await asyncio.open_connection(*address(url))
            if sent:
                writer.write(sent)
                assert b" 200 OK" in await reader.readline()
            return reader, writer

    return await asyncio.gather(*(one() for _ in range(count)))


async def closed(streams: Streams) -> None:
    reader, _ = streams
    while await reader.read(65_536):
        pass


async def test_they_cost_little_hold_nobody_up_and_are_closed_in_time(
    patient: ServiceProcess, redis_server: RedisServer
) -> None:
    # Given
    gateway = psutil.Process(patient.pid)
    before = gateway.memory_info().rss
    began = time.monotonic()
    silent = await opened(patient.url, SILENT, b"")
    kept = await opened(patient.url, KEPT, request("GET", "/healthz"))
    assert time.monotonic() - began < KEEP_ALIVE, "all are open"
    assert len(gateway.net_connections(kind="tcp")) > SILENT + KEPT

    # When
    async with httpx.AsyncClient(base_url=patient.url) as http:
        answers = [await http.post("/v1/jobs", json=probe()) for _ in range(50)]

    # Then
    assert {answer.status_code for answer in answers} == {202}
    assert max(answer.elapsed.total_seconds() for answer in answers) < SOON
    assert gateway.memory_info().rss - before < MEMORY_FOR_ALL

    # And in the end
    async with asyncio.timeout(PATIENCE + 10):
        await asyncio.gather(*(closed(streams) for streams in (*silent, *kept)))
    assert len(gateway.net_connections(kind="tcp")) < 20
    assert "Traceback" not in patient.log
    for _, writer in (*silent, *kept):
        writer.close()
