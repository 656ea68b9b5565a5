"""The one table of the documents, the same on every database as far as they allow."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

_Bytewise = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Ids have the same order everywhere, that of their code points."""

DOCUMENTS = Table(
    "afterwork_documents",
    MetaData(),
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("collection", String(63), nullable=False),
    Column("id", _Bytewise, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("body", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    UniqueConstraint("collection", "id"),
    sqlite_autoincrement=True,
)
"""number: the order in which documents came to be. digest: SHA-256 of the body. …_us: microseconds since 1970."""

Index("afterwork_documents_by_age", DOCUMENTS.c.collection, DOCUMENTS.c.number)
Index(  # serves the filters of `find`; SQLite has nothing like it and looks at each document of the collection
    "afterwork_documents_by_body",
    DOCUMENTS.c.body,
    postgresql_using="gin",
    postgresql_ops={"body": "jsonb_path_ops"},
).ddl_if("postgresql")
