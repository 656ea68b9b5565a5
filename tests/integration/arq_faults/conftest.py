"""ARQ's faults, each on stock ARQ, where it is to be seen, and on ours, where it is not."""

from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis
from tests.integration.arq_faults import face, stock
from tests.integration.workers.conftest import client, own_client, services
from tests.servers import RedisServer

from afterwork import arq as afterwork_arq

__all__ = ["client", "own_client", "services"]  # fixtures of the workers' own tests


@pytest.fixture
async def pool(redis_server: RedisServer) -> AsyncIterator[ArqRedis]:
    """A stock client of the shared server."""
    async with stock.connected(redis_server) as connected:
        yield connected


@pytest.fixture
async def face_pool(redis_server: RedisServer) -> AsyncIterator[afterwork_arq.ArqRedis]:
    """A client of `afterwork.arq`."""
    async with face.connected(redis_server) as connected:
        yield connected
