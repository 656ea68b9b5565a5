"""`Documents`: put, get and find JSON documents, whatever database keeps them."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import JsonValue
from sqlalchemy import Executable, RowMapping, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from afterwork.contracts.documents import (
    COLLECTION_NAME,
    DOCUMENT_ID,
    CollectionSummary,
    Document,
    DocumentPage,
)
from afterwork.documents import pages
from afterwork.documents.bodies import digest_of
from afterwork.documents.database import Database
from afterwork.documents.filters import Where, condition
from afterwork.documents.location import driver_url, make_room
from afterwork.documents.table import DOCUMENTS
from afterwork.errors import BadParameter, DocumentMissing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _now() -> datetime:
    return datetime.now(UTC)


class Documents:
    """Documents in collections, on SQLite or PostgreSQL. All methods raise DocumentsUnavailable."""

    def __init__(self, url: str, *, clock: Callable[[], datetime] = _now) -> None:
        self._url = driver_url(url)
        self._database = Database(self._url)
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, clock: Callable[[], datetime] = _now) -> AsyncIterator[Self]:
        """Documents at a URL as in `DocumentSettings`, closed in the end.

        The table is made if there is none. A server that is away now is looked for again at each use. Raises
        UnfitDatabase for what waiting does not mend, ValueError for an URL that cannot be meant.
        """
        documents = cls(url, clock=clock)
        try:
            make_room(documents._url)
            await documents._database.open()
            yield documents
        finally:
            await documents._database.close()

    async def put(self, collection: str, document_id: str, body: Mapping[str, JsonValue]) -> Document:
        """Put a document in place of the one of this id, if there is one. The same body again changes nothing.

        Raises ValueError for a name, an id or a body (over 1 MiB, a number that is not finite, a NUL) that cannot be.
        """
        if not re.fullmatch(COLLECTION_NAME, collection) or not re.fullmatch(DOCUMENT_ID, document_id):
            raise ValueError(
                f"{collection}/{document_id} is no collection and id: see afterwork.contracts.documents"
            )
        rows = await self._database.run(self._upsert(collection, document_id, body))
        return _document(rows[0]) if rows else await self.get(collection, document_id)

    async def get(self, collection: str, document_id: str) -> Document:
        """One document. Raises DocumentMissing."""
        if re.fullmatch(COLLECTION_NAME, collection) and re.fullmatch(DOCUMENT_ID, document_id):
            is_it = and_(DOCUMENTS.c.collection == collection, DOCUMENTS.c.id == document_id)
            rows = await self._database.run(select(DOCUMENTS).where(is_it))
            if rows:
                return _document(rows[0])
        raise DocumentMissing(f"there is no document {document_id} in {collection}")

    async def find(
        self,
        collection: str,
        where: Where | None = None,
        *,
        order: pages.Order = "newest",
        page_size: int = 50,
        page_token: str | None = None,
    ) -> DocumentPage:
        """The documents of a collection whose fields are as `where` says, the newest first, or by id.

        Newest: put for the first time most recently. Pages are stable: what is added meanwhile moves nothing. Raises
        BadParameter for a path or token that cannot be.
        """
        try:
            wanted = condition(where or {}, is_file=self._database.is_file)
        except ValueError as error:
            raise BadParameter(str(error)) from None
        if page_token is not None:
            wanted = and_(wanted, pages.after(order, page_token))
        if not re.fullmatch(COLLECTION_NAME, collection):
            return DocumentPage(documents=[], next_page_token=None)
        query = select(DOCUMENTS).where(DOCUMENTS.c.collection == collection, wanted)
        rows = await self._database.run(query.order_by(pages.ordering(order)).limit(page_size + 1))
        return DocumentPage(
            documents=[_document(row) for row in rows[:page_size]],
            next_page_token=pages.token(order, rows[page_size - 1]) if len(rows) > page_size else None,
        )

    async def collections(self) -> list[CollectionSummary]:
        """All collections, by name."""
        number = func.count().label("documents")
        rows = await self._database.run(
            select(DOCUMENTS.c.collection, number).group_by(DOCUMENTS.c.collection)
        )
        counts = {row["collection"]: row["documents"] for row in rows}
        return [CollectionSummary(name=name, documents=counts[name]) for name in sorted(counts)]

    def _upsert(self, collection: str, document_id: str, body: Mapping[str, JsonValue]) -> Executable:
        insert = sqlite.insert if self._database.is_file else postgresql.insert
        now = (self._clock() - _EPOCH) // _MICROSECOND
        statement = insert(DOCUMENTS).values(
            collection=collection,
            id=document_id,
            version=1,
            digest=digest_of(body),
            created_us=now,
            updated_us=now,
            body=body,
        )
        new = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=["collection", "id"],
            set_={
                "version": DOCUMENTS.c.version + 1,
                "digest": new.digest,
                "updated_us": new.updated_us,
                "body": new.body,
            },
            where=DOCUMENTS.c.digest != new.digest,
        ).returning(*DOCUMENTS.c)


def _document(row: RowMapping) -> Document:
    return Document(
        id=row["id"],
        collection=row["collection"],
        version=row["version"],
        etag=f"{row['version']}-{row['digest'][:32]}",
        created_at=_EPOCH + row["created_us"] * _MICROSECOND,
        updated_at=_EPOCH + row["updated_us"] * _MICROSECOND,
        body=row["body"],
    )
