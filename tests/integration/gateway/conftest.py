"""The gateway over a real Valkey: in this process, where it is called without a network, or as one of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.keys import ENTRIES, KEYS, gateway_with
from tests.integration.gateway.talks import working
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import registry
from afterwork.documents import Documents
from afterwork.engine import JobClient, JobRouter
from afterwork.engine.work.worker import Worker
from afterwork.stores import Stores, StoreSettings
from gateway.app import create_app
from gateway.settings import GatewaySettings


@pytest.fixture
async def jobs(redis_server: RedisServer) -> AsyncIterator[JobClient]:
    """The gateway's own client, to look at what it stored."""
    async with JobClient.connect(redis_server.url) as client:
        yield client


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    """The documents that the gateway shows."""
    async with Documents.open(f"sqlite:///{tmp_path}/documents.sqlite") as opened:
        yield opened


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """Two stores of the gateway: a directory, and memory."""
    settings = {
        "inbox": StoreSettings(url=f"file://{tmp_path}/inbox"),
        "memory": StoreSettings(url="memory://"),
    }
    async with Stores.open(settings) as opened:
        yield opened


@pytest.fixture
async def http(jobs: JobClient, documents: Documents, stores: Stores) -> AsyncIterator[httpx.AsyncClient]:
    """Requests to a gateway in this process."""
    app = create_app(
        GatewaySettings(),
        client=jobs,
        documents=documents,
        stores=stores,
        kinds=registry.kinds(),
        services=registry.services(),
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
async def worker(redis_server: RedisServer) -> AsyncIterator[Worker]:
    """A worker of the notifier's queue, in this process."""
    async with working(redis_server, JobRouter("notifier")) as worker:
        yield worker


@pytest.fixture(scope="module")
def gateway(shared_redis: RedisServer) -> Iterator[ServiceProcess]:
    """A gateway process that the tests of a module share."""
    with ServiceProcess("gateway", AFTERWORK_REDIS__URL=shared_redis.url) as process:
        yield process


@pytest.fixture
def gateway_http(gateway: ServiceProcess) -> Iterator[httpx.Client]:
    """Requests to the shared process."""
    with httpx.Client(base_url=gateway.url, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(shared_redis: RedisServer) -> Iterator[ServiceProcess]:
    """A gateway that knows all keys; in the end nothing of any key must stand in its log."""
    with gateway_with(shared_redis, *KEYS) as process:
        yield process
        hidden = [*KEYS.values(), *(entry.rpartition(":")[2] for entry in ENTRIES.values())]
        assert not [secret for secret in hidden if secret in process.log]
        assert "Traceback" not in process.log


@pytest.fixture
def no_traceback(gateway: ServiceProcess) -> Iterator[None]:
    """The test must not leave a traceback in the shared process' log."""
    before = len(gateway.log)
    yield
    assert "Traceback" not in gateway.log[before:]
