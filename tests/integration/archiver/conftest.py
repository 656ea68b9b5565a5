"""Real archivers on real stores, and jobs submitted to them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.stores.conftest import azure, s3
from tests.integration.workers.conftest import Services
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.engine import JobClient
from afterwork.stores import Stores, StoreSettings

__all__ = ["azure", "s3"]  # fixtures of the stores' own tests

NAMES = ("inbox", "archive", "receipts")


class Archivers:
    """Starts archivers on three directories. folder: where those are. stores: a look into them from outside."""

    def __init__(self, services: Services, redis_url: str, folder: Path) -> None:
        self._services = services
        self._redis_url = redis_url
        self.folder = folder

    @property
    def urls(self) -> dict[str, str]:
        """Of the stores."""
        return {name: f"file://{self.folder / name}" for name in NAMES}

    def start(self, **settings: object) -> ServiceProcess:
        """One more process. settings: such as `lease=1`."""
        stores = {f"stores__{name}__url": url for name, url in self.urls.items()}
        return self._services.start("archiver", self._redis_url, **stores, **settings)

    def unfinished(self, store: str = "archive") -> list[str]:
        """What is being written into a store, or was left there by who died at it."""
        folder = self.folder / store / ".afterwork" / "writing"
        return [path.name for path in folder.iterdir()] if folder.exists() else []


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    started = Services(tmp_path)
    yield started
    started.remove()


@pytest.fixture
def archivers(services: Services, redis_server: RedisServer, tmp_path: Path) -> Archivers:
    return Archivers(services, redis_server.url, tmp_path / "stores")


@pytest.fixture
async def stores(archivers: Archivers) -> AsyncIterator[Stores]:
    """The same directories, opened by the test."""
    settings = {name: StoreSettings(url=url) for name, url in archivers.urls.items()}
    async with Stores.open(settings) as opened:
        yield opened


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[JobClient]:
    async with JobClient.connect(redis_server.url) as connected:
        yield connected
