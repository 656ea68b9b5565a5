"""`object.archive` on stores in memory: what is copied, what is told of it, and what is left alone."""

import hashlib
import json
from itertools import pairwise

from tests.archiving import JOB, Archive, content, everything, fill, keys

from afterwork.contracts.archiver import CopyMethod, CopyStatus
from afterwork.contracts.objects import Tier
from afterwork.stores import Stores, Traits

OTHER = "0199a3c0-0000-7000-8000-000000000002"
HELLO = hashlib.sha256(b"hello").hexdigest()


async def test_an_object_is_copied_with_its_traits_in_a_tier(stores: Stores, archive: Archive) -> None:
    # given
    said = Traits("text/csv", {"color": "red"}, Tier.HOT)
    await stores["inbox"].write("2026/a.csv", b"hello", said)
    source = await stores["inbox"].stat("2026/a.csv")

    # when
    result = await archive.done(source="inbox/2026/a.csv", destination="archive/", tier="cold")

    # then
    there = await stores["archive"].stat("2026/a.csv")
    assert await content(stores["archive"], "2026/a.csv") == b"hello"
    assert (there.content_type, there.tier) == ("text/csv", Tier.COLD)
    assert there.metadata == {
        "color": "red",
        "afterwork-job": JOB,
        "afterwork-sha256": HELLO,
        "afterwork-source": "inbox/2026/a.csv",
        "afterwork-source-etag": source.etag,
    }
    assert (result.objects.copied, result.bytes, result.deleted, result.dry_run) == (1, 5, 0, False)


async def test_the_manifest_has_a_line_for_each_object_in_the_order_of_their_keys(
    stores: Stores, archive: Archive
) -> None:
    # given
    await fill(
        stores["inbox"], {"in/ü b": b"hello", "in/a": b"", "in/a.b": b"x", "in/a/b": b"xy", "out": b"?"}
    )

    # when
    result = await archive.done(source="inbox/in/", destination="archive/deep/er/")

    # then
    header, entries = await archive.manifest()
    assert result.manifest == f"receipts/archives/{JOB}.ndjson"
    assert (header.job_id, header.archive.source, header.objects, header.bytes) == (
        JOB,
        "inbox/in/",
        result.objects,
        8,
    )
    assert [entry.source for entry in entries] == [
        "inbox/in/a",
        "inbox/in/a.b",
        "inbox/in/a/b",
        "inbox/in/ü b",
    ]
    last = entries[-1]
    there = await stores["archive"].stat("deep/er/ü b")
    assert (last.destination, last.status, last.bytes, last.sha256) == (
        "archive/deep/er/ü b",
        CopyStatus.COPIED,
        5,
        HELLO,
    )
    assert (last.etag, last.tier, last.method) == (there.etag, Tier.ARCHIVE, CopyMethod.STREAM)
    assert await everything(stores["archive"]) == {
        "deep/er/a": b"",
        "deep/er/a.b": b"x",
        "deep/er/a/b": b"xy",
        "deep/er/ü b": b"hello",
    }


async def test_the_receipt_is_the_result(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {"a": b"hello"})

    result = await archive.done(source="inbox/a", destination="archive/")

    receipt = json.loads(await content(stores["receipts"], f"{JOB}.json"))
    assert receipt["objects"] == {"copied": 1, "skipped": 0, "failed": 0}
    assert receipt["manifest"] == result.manifest
    assert await keys(stores["receipts"]) == [f"{JOB}.json", f"archives/{JOB}.ndjson"]


async def test_progress_is_told_in_bytes(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {f"in/{number}": b"x" * 1000 for number in range(20)})

    await archive.done(source="inbox/in/", destination="archive/")

    told = archive.reported.progresses
    assert {progress.total for progress in told} == {20_000}
    assert (told[0].done, told[-1].done) == (1000, 20_000)
    assert all(earlier.done <= later.done for earlier, later in pairwise(told))


async def test_identical_objects_are_left_as_they_are(stores: Stores, archive: Archive) -> None:
    # given one that was archived, one that somebody else has put there, and one that is new
    await fill(stores["inbox"], {"in/archived": b"hello", "in/same": b"same", "in/new": b"new"})
    await archive.done(source="inbox/in/archived", destination="archive/archived", job_id=OTHER)
    await fill(stores["archive"], {"same": b"same"})
    before = {key: (await stores["archive"].stat(key)).etag for key in ("archived", "same")}

    # when
    result = await archive.done(source="inbox/in/", destination="archive/")

    # then
    assert (result.objects.copied, result.objects.skipped, result.bytes) == (1, 2, 3)
    assert {key: (await stores["archive"].stat(key)).etag for key in before} == before
    _, entries = await archive.manifest()
    assert [entry.status for entry in entries] == [CopyStatus.SKIPPED, CopyStatus.COPIED, CopyStatus.SKIPPED]


async def test_another_content_is_never_written_over_unasked(stores: Stores, archive: Archive) -> None:
    # given the same length, another length, and one that is free
    await fill(stores["inbox"], {"in/1": b"mine", "in/2": b"mine", "in/3": b"mine"})
    await fill(stores["archive"], {"1": b"your", "2": b"yours"})

    # when
    detail = await archive.failed(source="inbox/in/", destination="archive/")

    # then the others have gone on, and the manifest says which did not
    assert await everything(stores["archive"]) == {"1": b"your", "2": b"yours", "3": b"mine"}
    assert detail.startswith(
        "2 of 3 objects not archived, the first: archive/1 exists already, and is not the same"
    )
    header, entries = await archive.manifest()
    assert (header.objects.copied, header.objects.failed) == (1, 2)
    assert [entry.error is None for entry in entries] == [False, False, True]


async def test_fail_refuses_whatever_is_there(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {"a": b"same"})
    await fill(stores["archive"], {"a": b"same"})

    detail = await archive.failed(source="inbox/a", destination="archive/", on_conflict="fail")

    assert "archive/a exists already;" in detail


async def test_overwrite_replaces_what_is_there(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {"a": b"new"})
    await fill(stores["archive"], {"a": b"old and longer"})

    await archive.done(source="inbox/a", destination="archive/", on_conflict="overwrite")

    assert await everything(stores["archive"]) == {"a": b"new"}


async def test_a_dry_run_tells_what_would_be_and_does_nothing(stores: Stores, archive: Archive) -> None:
    # given
    await fill(stores["inbox"], {"in/new": b"new", "in/same": b"same"})
    await fill(stores["archive"], {"same": b"same"})

    # when
    result = await archive.done(
        source="inbox/in/", destination="archive/", dry_run=True, delete_source="after_verify"
    )

    # then
    assert await keys(stores["archive"]) == ["same"]
    assert await keys(stores["inbox"]) == ["in/new", "in/same"]
    assert (result.dry_run, result.objects.copied, result.objects.skipped, result.bytes) == (True, 1, 1, 3)
    _, entries = await archive.manifest()
    assert [entry.status for entry in entries] == [CopyStatus.WOULD_COPY, CopyStatus.SKIPPED]
    assert entries[0].method is None


async def test_a_source_that_is_not_there_is_the_fault_of_the_input(archive: Archive) -> None:
    assert await archive.failed(source="inbox/no", destination="archive/") == "there is no object at inbox/no"
    assert (
        await archive.failed(source="inbox/no/", destination="archive/")
        == "there is no object below inbox/no/"
    )
    assert await archive.failed(source="none/a", destination="archive/") == "there is no store named 'none'"
    assert await archive.failed(source="inbox/a", destination="none/") == "there is no store named 'none'"


async def test_a_job_that_is_repeated_finds_its_copies_and_makes_none(
    stores: Stores, archive: Archive
) -> None:
    # given a job whose end was lost
    await fill(stores["inbox"], {f"in/{number}": b"x" for number in range(10)})
    await archive.done(source="inbox/in/", destination="archive/", on_conflict="fail")
    before = {key: (await stores["archive"].stat(key)).etag for key in await keys(stores["archive"])}

    # when
    result = await archive.done(source="inbox/in/", destination="archive/", on_conflict="fail")

    # then
    assert result.objects.copied == 10
    assert {key: (await stores["archive"].stat(key)).etag for key in before} == before


async def test_a_source_that_changed_between_two_attempts_is_copied_again(
    stores: Stores, archive: Archive
) -> None:
    await fill(stores["inbox"], {"a": b"before"})
    await archive.done(source="inbox/a", destination="archive/", on_conflict="fail")
    await fill(stores["inbox"], {"a": b"after."})

    await archive.done(source="inbox/a", destination="archive/", on_conflict="fail")

    assert await everything(stores["archive"]) == {"a": b"after."}


async def test_sources_are_removed_when_all_are_verified(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {f"in/{number:02}": b"x" for number in range(40)} | {"out": b"stays"})

    result = await archive.done(source="inbox/in/", destination="archive/", delete_source="after_verify")

    assert (result.objects.copied, result.deleted) == (40, 40)
    assert await keys(stores["inbox"]) == ["out"]
    assert len(await keys(stores["archive"])) == 40


async def test_no_source_is_removed_while_one_is_not_archived(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {"in/1": b"mine", "in/2": b"mine"})
    await fill(stores["archive"], {"2": b"your"})

    await archive.failed(source="inbox/in/", destination="archive/", delete_source="after_verify")

    assert await keys(stores["inbox"]) == ["in/1", "in/2"]


async def test_a_removal_that_was_broken_off_goes_on(stores: Stores, archive: Archive) -> None:
    # given an attempt that ended when half of the sources were removed
    await fill(stores["inbox"], {f"in/{number}": b"x" for number in range(4)})
    await archive.done(source="inbox/in/", destination="archive/")
    complete = archive.checkpoint
    for key in ("in/0", "in/1"):
        await stores["inbox"].delete(key)
    await stores["inbox"].write("in/2", b"written since")

    # when
    result = await archive.done(
        source="inbox/in/", destination="archive/", delete_source="after_verify", checkpointed=complete
    )

    # then what has changed since stays, and the log says so
    assert (result.objects.copied, result.deleted) == (4, 3)
    assert await everything(stores["inbox"]) == {"in/2": b"written since"}
    assert "in/2" in archive.reported.lines[0].text


async def test_a_job_without_a_store_for_receipts_says_so(archive: Archive) -> None:
    archive.stores = Stores({name: archive.stores[name] for name in ("inbox", "archive")})

    assert "'receipts'" in await archive.failed(source="inbox/a", destination="archive/")


async def test_a_source_under_another_name_is_noticed(stores: Stores, archive: Archive) -> None:
    await fill(stores["inbox"], {"a": b"precious"})
    archive.stores = Stores(
        {"receipts": stores["receipts"], "inbox": stores["inbox"], "alias": stores["inbox"]}
    )

    detail = await archive.failed(
        source="inbox/a", destination="alias/", on_conflict="overwrite", delete_source="after_verify"
    )

    assert "is the source itself, under another name" in detail
    assert await everything(stores["inbox"]) == {"a": b"precious"}


async def test_what_the_job_itself_has_written_is_left_out(stores: Stores, archive: Archive) -> None:
    # given a destination inside the source, which only the operator can see, and copies of a first attempt
    await fill(stores["disk"], {"a": b"1", "b": b"2"})
    archive.stores = Stores({"receipts": stores["receipts"], "disk": stores["disk"], "alias": stores["disk"]})
    await archive.done(source="disk/", destination="alias/z/")

    # when
    result = await archive.done(source="disk/", destination="alias/z/", delete_source="after_verify")

    # then the copies are neither copied nor removed
    assert (result.objects.copied, result.objects.skipped, result.deleted) == (2, 2, 2)
    assert await everything(stores["disk"]) == {"z/a": b"1", "z/b": b"2"}


async def test_receipts_can_be_archived_too(stores: Stores, archive: Archive) -> None:
    await fill(stores["receipts"], {"earlier.json": b"{}"})

    await archive.done(source="receipts/", destination="archive/")
    await archive.done(source="receipts/", destination="archive/")

    assert await keys(stores["archive"]) == ["earlier.json"]
