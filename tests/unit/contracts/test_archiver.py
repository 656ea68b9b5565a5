"""`object.archive`: where an object goes to, and what leads nowhere."""

import pytest
from pydantic import ValidationError

from afterwork.contracts.archiver import ArchiveObjects, DeleteSource


@pytest.mark.parametrize(
    ("source", "destination", "name", "expected"),
    [
        ("inbox/a.csv", "archive/", "inbox/a.csv", "archive/a.csv"),
        ("inbox/2026/a.csv", "archive/", "inbox/2026/a.csv", "archive/2026/a.csv"),
        ("inbox/2026/a.csv", "archive/old/", "inbox/2026/a.csv", "archive/old/2026/a.csv"),
        ("inbox/2026/a.csv", "archive/b.csv", "inbox/2026/a.csv", "archive/b.csv"),
        ("inbox/a.csv", "inbox/old/", "inbox/a.csv", "inbox/old/a.csv"),
        ("inbox/", "archive/", "inbox/2026/a.csv", "archive/2026/a.csv"),
        ("inbox/2026/", "archive/", "inbox/2026/a/b.csv", "archive/a/b.csv"),
        ("inbox/2026/", "inbox/2025/", "inbox/2026/a.csv", "inbox/2025/a.csv"),
        ("inbox/2026/", "archive/2026/", "inbox/2026/2026/a.csv", "archive/2026/2026/a.csv"),
        ("inbox/ü b/", "archive/ü/", "inbox/ü b/ü b/ü.csv", "archive/ü/ü b/ü.csv"),
    ],
)
def test_an_object_keeps_its_key_below_the_destination(
    source: str, destination: str, name: str, expected: str
) -> None:
    job = ArchiveObjects(source=source, destination=destination)

    assert job.destination_of(name) == expected


@pytest.mark.parametrize(
    ("source", "destination", "fault"),
    [
        ("inbox/a.csv", "inbox/a.csv", "is the source itself"),
        ("inbox/a.csv", "inbox/", "is the source itself"),
        ("inbox/2026/a.csv", "inbox/", "is the source itself"),
        ("inbox/", "inbox/", "within each other"),
        ("inbox/2026/", "inbox/2026/", "within each other"),
        ("inbox/", "inbox/archive/", "within each other"),
        ("inbox/2026/", "inbox/2026/01/", "within each other"),
        ("inbox/2026/", "inbox/", "within each other"),
        ("inbox/2026/", "archive/2026", "must end with /"),
        ("inbox", "archive/", "should match pattern"),
        ("inbox//a", "archive/", "should match pattern"),
        ("inbox/a//b", "archive/", "empty segment"),
        ("inbox/../a", "archive/", "segment"),
        ("inbox/a/..", "archive/", "segment"),
        ("inbox/a", "archive/../", "segment"),
        ("inbox/a", "archive//", "should match pattern"),
        ("inbox/a", "/", "should match pattern"),
        ("inbox/a\n", "archive/", "should match pattern"),
        ("inbox/a\tb", "archive/", "control character"),
        ("Inbox/a", "archive/", "should match pattern"),
        ("inbox/.afterwork/a", "archive/", "no key begins with"),
        ("inbox/a", "receipts/", "written by the services alone"),
        ("inbox/a", "receipts/job.json", "written by the services alone"),
        ("inbox/", "receipts/archives/", "written by the services alone"),
    ],
)
def test_what_leads_nowhere_is_refused(source: str, destination: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        ArchiveObjects(source=source, destination=destination)


@pytest.mark.parametrize("source", ["receipts/", "receipts/archives/", "receipts/job.json"])
def test_receipts_may_be_copied_but_not_moved(source: str) -> None:
    kept = ArchiveObjects(source=source, destination="archive/")

    with pytest.raises(ValidationError, match="nothing is removed from the store receipts"):
        ArchiveObjects(source=source, destination="archive/", delete_source=DeleteSource.AFTER_VERIFY)
    assert kept.delete_source is DeleteSource.NEVER


def test_prefixes_that_only_begin_alike_are_apart() -> None:
    job = ArchiveObjects(source="inbox/2026/", destination="inbox/2026-old/")

    assert job.destination_of("inbox/2026/a") == "inbox/2026-old/a"
