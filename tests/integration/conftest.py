"""A real Valkey for integration tests: one server for a whole session, emptied between tests, or one to break."""

from collections.abc import Iterator

import pytest
from tests.servers import RedisServer


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """The server that the tests of a session share; ask for `redis_server` instead."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """A running, empty server that must not be stopped."""
    with shared_redis.client() as client:
        client.flushall()
        client.config_resetstat()
    return shared_redis


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server of one's own, to be stopped, frozen and killed."""
    with RedisServer() as server:
        yield server
