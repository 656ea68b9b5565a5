"""What is recorded with an object may be anybody's word: its content decides, most of all before a source goes."""

import hashlib

import pytest
from tests.archiving import JOB, Archive, content, everything, fill, keys
from tests.unit.archiver.objects import OTHER

from afterwork.contracts.archiver import CopyStatus
from afterwork.stores import Stores, Traits
from archiver.provenance import Provenance

SAME = hashlib.sha256(b"mine").hexdigest()


async def forge(stores: Stores, key: str, *, job_id: str) -> None:
    """Put other content, of the same size, at the destination of `inbox/<key>`, recorded as a copy by the job."""
    source = await stores["inbox"].stat(key)
    said = Provenance(job_id, SAME, source.etag, f"inbox/{key}").beside({})
    await stores["archive"].write(key, b"your", Traits(metadata=said))


@pytest.mark.parametrize("delete_source", ["never", "after_verify"])
async def test_a_record_of_another_job_is_not_believed(
    stores: Stores, archive: Archive, delete_source: str
) -> None:
    await fill(stores["inbox"], {"a": b"mine"})
    await forge(stores, "a", job_id=OTHER)

    detail = await archive.failed(source="inbox/a", destination="archive/", delete_source=delete_source)

    assert "archive/a exists already, and is not the same" in detail
    assert await everything(stores["inbox"]) == {"a": b"mine"}
    assert await everything(stores["archive"]) == {"a": b"your"}


async def test_a_record_of_the_source_is_not_believed(stores: Stores, archive: Archive) -> None:
    # given a source that claims to be what is at the destination
    said = Provenance(OTHER, hashlib.sha256(b"your").hexdigest(), "e", None).beside({})
    await stores["inbox"].write("a", b"mine", Traits(metadata=said))
    await fill(stores["archive"], {"a": b"your"})

    detail = await archive.failed(source="inbox/a", destination="archive/", delete_source="after_verify")

    assert "is not the same" in detail
    assert await keys(stores["inbox"]) == ["a"]


async def test_a_record_of_this_very_job_does_not_cost_the_source(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {"a": b"mine"})
    await forge(stores, "a", job_id=JOB)

    detail = await archive.failed(source="inbox/a", destination="archive/", delete_source="after_verify")

    assert "is not the same" in detail
    assert await everything(stores["inbox"]) == {"a": b"mine"}
    assert await everything(stores["archive"]) == {"a": b"your"}


async def test_what_was_to_be_replaced_is_replaced_whatever_its_record_says(
    stores: Stores, archive: Archive
) -> None:
    await fill(stores["inbox"], {"a": b"mine"})
    await forge(stores, "a", job_id=JOB)

    result = await archive.done(
        source="inbox/a", destination="archive/", on_conflict="overwrite", delete_source="after_verify"
    )

    assert (result.objects.copied, result.deleted) == (1, 1)
    assert await content(stores["archive"], "a") == b"mine"


async def test_a_true_copy_is_compared_and_left_and_its_source_removed(
    stores: Stores, archive: Archive
) -> None:
    # given one that an earlier attempt has copied, and one that somebody else has put there
    await fill(stores["inbox"], {"in/1": b"mine", "in/2": b"mine"})
    await archive.done(source="inbox/in/1", destination="archive/1")
    await fill(stores["archive"], {"2": b"mine"})
    before = {key: (await stores["archive"].stat(key)).etag for key in ("1", "2")}

    # when
    result = await archive.done(source="inbox/in/", destination="archive/", delete_source="after_verify")

    # then
    assert (result.objects.copied, result.objects.skipped, result.deleted) == (1, 1, 2)
    assert {key: (await stores["archive"].stat(key)).etag for key in before} == before
    assert await keys(stores["inbox"]) == []
    _, entries = await archive.manifest()
    assert [(entry.status, entry.sha256) for entry in entries] == [
        (CopyStatus.COPIED, SAME),
        (CopyStatus.SKIPPED, SAME),
    ]
