"""What is known of documents: JSON objects that are kept in collections and read over REST."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from afterwork.contracts.job import Seen

COLLECTION_NAME = r"^[a-z][a-z0-9_-]{0,62}$"
DOCUMENT_ID = r"^[A-Za-z0-9_][A-Za-z0-9._~-]{0,199}$"

CollectionName = Annotated[str, Field(pattern=COLLECTION_NAME, examples=["images"])]
"""A collection exists as soon as a document is put into it."""
DocumentId = Annotated[str, Field(pattern=DOCUMENT_ID)]
"""Unique within its collection, chosen by who puts the document, and fit to stand in an address as it is."""


class DocumentSummary(Seen):
    """What is known of a document besides what it says.

    version: 1 at first, one more with each change. etag: changes with version and body; opaque, without quotes.
    """

    id: DocumentId
    collection: CollectionName
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class Document(DocumentSummary):
    """One document. body: what it says, a JSON object."""

    body: dict[str, JsonValue]


class DocumentPage(Seen):
    """One page of a collection; without a `next_page_token` it is the last."""

    documents: list[Document]
    next_page_token: str | None


class CollectionSummary(Seen):
    """A collection and how many documents it has."""

    name: CollectionName
    documents: int
