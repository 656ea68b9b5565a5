"""Both databases: a file of SQLite, and a PostgreSQL that the tests start."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.postgres import PostgresServer, postgres_programs

from afterwork.documents import Documents


def _server() -> Iterator[PostgresServer]:
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with PostgresServer() as server:
        yield server


shared_postgres = pytest.fixture(scope="session", name="shared_postgres")(_server)
own_postgres = pytest.fixture(name="own_postgres")(_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/documents.sqlite"
    server: PostgresServer = request.getfixturevalue("shared_postgres")
    server.psql("DROP TABLE IF EXISTS afterwork_documents")
    return server.url


@pytest.fixture
async def documents(url: str) -> AsyncIterator[Documents]:
    async with Documents.open(url) as opened:
        yield opened
