"""A connection to the documents' database that survives its restarts and says plainly when it is away."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from sqlalchemy import URL, Connection, Executable, RowMapping, event, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from afterwork.documents.location import UnfitDatabase
from afterwork.documents.table import DOCUMENTS
from afterwork.errors import DocumentsUnavailable

logger = structlog.get_logger()

CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 5.0
"""Seconds for one statement; on SQLite also for the lock of another writer."""
LOOK = 0.02
"""Seconds between two tries for a lock for which SQLite does not wait by itself."""
SCHEMA_LOCK = 0x6166746572
"""Any number; processes that start at the same time make the table one after another."""
_FAULTS = (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_FAULTS_OF_OURS = (DataError, IntegrityError, ProgrammingError)
_WRONG_SETTINGS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


def dumps(value: object) -> str:
    """The one JSON text of a value. Raises ValueError for a number that is not finite, TypeError for no JSON at all."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


class Database:
    """Runs single statements, each a transaction of its own that may be repeated."""

    def __init__(self, url: URL) -> None:
        self.is_file = url.drivername.startswith("sqlite")
        self._engine = _engine(url, is_file=self.is_file)
        self._is_ready = False
        self._making = asyncio.Lock()

    async def open(self) -> None:
        """Make the table if there is none.

        A server that is away is no reason not to start: it is looked for again when it is needed. Raises
        UnfitDatabase for what only an operator can mend.
        """
        try:
            await self._make_table()
        except _FAULTS as error:
            cause = _cause(error)
            if self.is_file or isinstance(cause, _WRONG_SETTINGS):
                raise UnfitDatabase(f"the documents' database cannot be used: {cause}") from None
            logger.warning("the documents' database is away", cause=repr(cause))

    async def run(self, statement: Executable) -> Sequence[RowMapping]:
        """The rows of one statement. Raises DocumentsUnavailable; the cause stands in the log.

        A connection that turns out to be broken is replaced once: the server may have been restarted meanwhile.
        """
        try:
            await self._make_table()
            try:
                return await self._run(statement)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return await self._run(statement)
        except _FAULTS_OF_OURS:
            raise
        except _FAULTS as error:
            logger.warning("the documents cannot be reached", cause=repr(_cause(error)))
            raise DocumentsUnavailable from error

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _run(self, statement: Executable) -> Sequence[RowMapping]:
        async with self._engine.connect() as connection:
            return (await connection.execute(statement)).mappings().all()

    async def _make_table(self) -> None:
        async with self._making:
            if self._is_ready:
                return
            async with self._engine.connect() as connection:
                await (_make_in_file if self.is_file else _make_on_server)(connection)
            self._is_ready = True


def _engine(url: URL, *, is_file: bool) -> AsyncEngine:
    options: dict[str, Any] = {  # Any: keywords of SQLAlchemy
        "isolation_level": "AUTOCOMMIT",
        "json_serializer": dumps,
        "hide_parameters": True,  # documents do not stand in logs
    }
    if is_file:
        patience = {"timeout": COMMAND_TIMEOUT}
        # One writes at a time, whatever we do: more connections would only quarrel about the lock.
        engine = create_async_engine(url, connect_args=patience, pool_size=2, max_overflow=0, **options)
        event.listen(engine.sync_engine, "connect", _sync_every_commit)
        return engine
    limits = {"timeout": CONNECT_TIMEOUT, "command_timeout": COMMAND_TIMEOUT}
    return create_async_engine(url, connect_args=limits, pool_timeout=COMMAND_TIMEOUT, **options)


def _sync_every_commit(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


async def _make_in_file(connection: AsyncConnection) -> None:
    await _allow_readers_beside_a_writer(connection)
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    await connection.run_sync(_create)
    await connection.exec_driver_sql("COMMIT")


async def _allow_readers_beside_a_writer(connection: AsyncConnection) -> None:
    """Switch to a write-ahead log. While another process does the same, SQLite refuses at once instead of waiting."""
    loop = asyncio.get_running_loop()
    end = loop.time() + COMMAND_TIMEOUT
    while True:
        try:
            await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if "locked" not in str(error.orig) or loop.time() > end:
                raise
            await asyncio.sleep(LOOK)
        else:
            return


async def _make_on_server(connection: AsyncConnection) -> None:
    transactional = await connection.execution_options(isolation_level="READ COMMITTED")
    async with transactional.begin():
        await transactional.execute(text(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))
        await transactional.run_sync(_create)


def _create(connection: Connection) -> None:
    DOCUMENTS.metadata.create_all(connection)


def _cause(error: BaseException) -> BaseException:
    """The driver's own error, which names no parameters, instead of SQLAlchemy's."""
    while (deeper := error.__cause__) is not None:
        error = deeper
    return error
