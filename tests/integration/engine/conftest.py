"""Servers for tests of the scripts: Valkey always, and Redis 7 where it is installed."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.integration.engine.reports import Admin
from tests.integration.engine.transitions import ScriptedWorker, Transitions
from tests.servers import RedisServer, redis_binary, valkey_binary

from afterwork.engine import JobClient

FINDERS = {"valkey": valkey_binary, "redis": redis_binary}


@pytest.fixture(scope="session", params=list(FINDERS))
def engine_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server for the tests of a session; without a file, because what is tested here is not its durability."""
    binary = FINDERS[request.param]()
    if binary is None:
        pytest.skip(f"{request.param}-server is not installed")
    with RedisServer(binary, appendonly="no") as server:
        yield server


@pytest.fixture
def transitions(engine_server: RedisServer) -> Iterator[Transitions]:
    """The scripts on an empty server."""
    with engine_server.client() as client:
        client.flushall()
    with Transitions(engine_server) as transitions:
        yield transitions


@pytest.fixture
async def client(engine_server: RedisServer, transitions: Transitions) -> AsyncIterator[JobClient]:
    """A client of an empty server, by the server's own clock."""
    transitions.use_real_clock()
    async with JobClient.connect(engine_server.url) as client:
        yield client


@pytest.fixture
def worker(transitions: Transitions) -> ScriptedWorker:
    """One worker of queue q."""
    return ScriptedWorker(transitions)


@pytest.fixture(scope="module", params=list(FINDERS))
def binary(request: pytest.FixtureRequest) -> str:
    """The program of each kind of server, to be started in many ways."""
    found = FINDERS[request.param]()
    if found is None:
        pytest.skip(f"{request.param}-server is not installed")
    return found


@pytest.fixture
def server(binary: str) -> Iterator[RedisServer]:
    """A durable server of one's own, whose settings may be changed."""
    with RedisServer(binary) as running:
        yield running


@pytest.fixture
def admin(server: RedisServer) -> Iterator[Admin]:
    """Somebody who is connected to it already, and so may do what new connections may not."""
    with server.client() as client:
        client.ping()
        yield client
