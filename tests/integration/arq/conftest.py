"""A pool as ARQ's users have it, and workers in the loop of a test."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.workers.conftest import client
from tests.servers import RedisServer

from afterwork.arq import ArqRedis, RedisSettings, create_pool

__all__ = ["client"]


@pytest.fixture
def settings(redis_server: RedisServer) -> RedisSettings:
    """Where the shared server is."""
    return RedisSettings(unix_socket_path=str(redis_server.socket))


@pytest.fixture
async def pool(settings: RedisSettings) -> AsyncIterator[ArqRedis]:
    """A client of the shared server."""
    connected = await create_pool(settings)
    yield connected
    await connected.aclose(close_connection_pool=True)
