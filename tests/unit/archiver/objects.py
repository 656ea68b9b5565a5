"""Objects as they may be found, for tests of decisions."""

from datetime import UTC, datetime

from afterwork.stores import ObjectInfo
from archiver.provenance import Provenance

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 13, tzinfo=UTC)
JOB = "0199a3c0-0000-7000-8000-000000000001"
OTHER = "0199a3c0-0000-7000-8000-000000000002"


def source(size: int = 5, etag: str = "s1", *, made_by: str | None = None) -> ObjectInfo:
    """An object at its source. made_by: the job that wrote it there."""
    made = {} if made_by is None else Provenance(made_by, "ab" * 32, "s0", None).beside({})
    return ObjectInfo("a.csv", size, etag, NOON, metadata=made)


def found(
    size: int = 5, *, made_by: str | None = None, from_etag: str = "s1", name: str | None = "inbox/a.csv"
) -> ObjectInfo:
    """What is at the destination. made_by: the job that copied it there, from the source `name` with that ETag."""
    made = {} if made_by is None else Provenance(made_by, "ab" * 32, from_etag, name).beside({})
    return ObjectInfo("a.csv", size, "d1", LATER, metadata=made)
