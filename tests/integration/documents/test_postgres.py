"""A PostgreSQL that goes away, comes back, or does not let us in."""

import asyncio
import time
from collections.abc import Iterator

import asyncpg
import pytest
import structlog
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from structlog.typing import EventDict
from tests.postgres import PASSWORD, PostgresServer

from afterwork.documents import Documents, UnfitDatabase
from afterwork.documents.database import COMMAND_TIMEOUT, CONNECT_TIMEOUT, SCHEMA_LOCK
from afterwork.documents.table import DOCUMENTS
from afterwork.errors import DocumentsUnavailable


@pytest.fixture
def log() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


async def test_a_restart_is_not_noticed(own_postgres: PostgresServer, log: list[EventDict]) -> None:
    # given
    async with Documents.open(own_postgres.url) as documents:
        await asyncio.gather(*(documents.put("images", str(number), {}) for number in range(8)))

        # when
        own_postgres.stop()
        own_postgres.start()

        # then
        found = await asyncio.gather(*(documents.get("images", str(number)) for number in range(8)))
        assert len(found) == 8
        assert log == []


async def test_what_is_confirmed_under_restarts_is_there(own_postgres: PostgresServer) -> None:
    # given
    confirmed: list[str] = []
    ending = asyncio.Event()

    async def put(documents: Documents, name: str) -> None:
        number = 0
        while not ending.is_set():
            try:
                confirmed.append((await documents.put("images", f"{name}-{number}", {"n": number})).id)
                number += 1
            except DocumentsUnavailable:
                await asyncio.sleep(0.01)

    async with Documents.open(own_postgres.url) as documents, asyncio.TaskGroup() as tasks:
        for name in "abcd":
            tasks.create_task(put(documents, name))

        # when
        for _ in range(3):
            before = len(confirmed)
            async with asyncio.timeout(30):
                while len(confirmed) < before + 50:
                    await asyncio.sleep(0.01)
            await asyncio.to_thread(own_postgres.stop)
            await asyncio.to_thread(own_postgres.start)
        ending.set()

    # then
    kept = set(own_postgres.psql("SELECT id FROM afterwork_documents").split())
    assert len(confirmed) >= 150
    assert set(confirmed) <= kept
    assert own_postgres.psql("SELECT max(version) FROM afterwork_documents") == "1"


async def test_a_server_that_is_away_is_told_at_once_and_found_again(
    own_postgres: PostgresServer, log: list[EventDict]
) -> None:
    own_postgres.stop()
    async with Documents.open(own_postgres.url) as documents:
        began = time.monotonic()
        with pytest.raises(DocumentsUnavailable):
            await documents.put("images", "a", {})
        assert time.monotonic() - began < CONNECT_TIMEOUT

        own_postgres.start()
        assert (await documents.put("images", "a", {})).version == 1

    assert [entry["event"] for entry in log] == [
        "the documents' database is away",
        "the documents cannot be reached",
    ]


async def test_a_frozen_server_is_not_waited_for_for_ever(own_postgres: PostgresServer) -> None:
    async with Documents.open(own_postgres.url) as documents:
        await documents.put("images", "a", {})
        own_postgres.freeze()
        try:
            began = time.monotonic()
            with pytest.raises(DocumentsUnavailable):
                await documents.get("images", "a")
            waited = time.monotonic() - began
        finally:
            own_postgres.thaw()

        assert waited < COMMAND_TIMEOUT + CONNECT_TIMEOUT + 2
        assert (await documents.get("images", "a")).version == 1


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        (f":{PASSWORD}@", ":wrong-secret@", "password authentication failed"),
        ("tester", "nobody-here", "password authentication failed"),
        ("/postgres", "/no-such", 'database "no-such" does not exist'),
    ],
)
async def test_a_server_that_does_not_let_us_in_stops_the_start(
    shared_postgres: PostgresServer, was: str, becomes: str, fault: str
) -> None:
    with pytest.raises(UnfitDatabase, match=fault) as refused:
        async with Documents.open(shared_postgres.url.replace(was, becomes)):
            pass

    assert "secret" not in str(refused.value)


async def test_nothing_secret_and_no_document_stands_in_the_log(
    own_postgres: PostgresServer, log: list[EventDict]
) -> None:
    async with Documents.open(own_postgres.url) as documents:
        await documents.put("images", "a", {"x": "private"})
        own_postgres.psql("DROP TABLE afterwork_documents")
        with pytest.raises(Exception, match="does not exist") as failed:
            await documents.put("images", "a", {"x": "private"})
        own_postgres.stop()
        with pytest.raises(DocumentsUnavailable):
            await documents.get("images", "a")

    written = f"{log} {failed.value}"
    assert "private" not in written
    assert PASSWORD not in written


async def test_who_comes_second_waits_for_the_table_of_the_first(
    own_postgres: PostgresServer, log: list[EventDict]
) -> None:
    # given
    first = await asyncpg.connect(own_postgres.url)
    making = first.transaction()
    await making.start()
    await first.execute(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    await first.execute(str(CreateTable(DOCUMENTS).compile(dialect=dialect)))

    async def put() -> int:
        async with Documents.open(own_postgres.url) as documents:
            return (await documents.put("images", "a", {})).version

    # when
    second = asyncio.create_task(put())
    async with asyncio.timeout(COMMAND_TIMEOUT):
        while own_postgres.psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0":
            await asyncio.sleep(0.01)
    await making.commit()
    await first.close()

    # then
    assert await second == 1
    assert log == []


async def test_a_table_that_is_there_need_not_be_made(own_postgres: PostgresServer) -> None:
    # given
    async with Documents.open(own_postgres.url):
        pass
    own_postgres.psql(
        "CREATE ROLE clerk LOGIN PASSWORD 'clerks';"
        "GRANT SELECT, INSERT, UPDATE ON afterwork_documents TO clerk;"
        "GRANT USAGE ON SEQUENCE afterwork_documents_number_seq TO clerk"
    )

    # when
    async with Documents.open(own_postgres.url.replace(f"tester:{PASSWORD}", "clerk:clerks")) as documents:
        put = await documents.put("images", "a", {})

    # then
    assert put.version == 1


async def test_filters_have_an_index_and_ids_an_order_of_their_own(shared_postgres: PostgresServer) -> None:
    async with Documents.open(shared_postgres.url):
        indexes = shared_postgres.psql(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'afterwork_documents'"
        )
        collation = shared_postgres.psql(
            "SELECT collation_name FROM information_schema.columns"
            " WHERE table_name = 'afterwork_documents' AND column_name = 'id'"
        )

    assert "USING gin (body jsonb_path_ops)" in indexes
    assert "(collection, number)" in indexes
    assert collation == "C"
