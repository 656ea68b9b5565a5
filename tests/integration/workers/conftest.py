"""Real worker processes on a real server; their logs are shown when a test fails."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.engine import JobClient


class Services:
    """Starts the processes of one test and ends them with it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._processes: list[ServiceProcess] = []

    def start(self, module: str, redis_url: str, **settings: object) -> ServiceProcess:
        """One more process of the service, ready. settings: such as `lease=1, worker__grace=5`."""
        log = self._directory / f"{len(self._processes)}-{module.rpartition('.')[2]}.log"
        chosen = TRIAL | settings | {"redis__url": redis_url}
        process = ServiceProcess(module, log, **variables(**chosen))
        self._processes.append(process)
        process.start()
        return process

    def remove(self) -> None:
        """End what still runs and show what was logged."""
        for process in self._processes:
            process.remove()
        for process in self._processes:
            print(f"--- {process.log_path.name}\n{process.log}")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    started = Services(tmp_path)
    yield started
    started.remove()


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator[JobClient]:
    """Speaks to the shared server."""
    async with JobClient.connect(redis_server.url) as connected:
        yield connected


@pytest.fixture
async def own_client(own_redis: RedisServer) -> AsyncIterator[JobClient]:
    """Speaks to the server that this test may break."""
    async with JobClient.connect(own_redis.url) as connected:
        yield connected
