"""What goes wrong with one object costs that object, is tried again where that may help, and is never called copied."""

import pytest
from tests.archiving import JOB, Archive, content, everything, fill, keys
from tests.faulty_store import FaultyStore, nothing

from afterwork.contracts.archiver import CopyStatus
from afterwork.errors import ObjectConflict, StoreFull, StoreUnavailable
from afterwork.stores import Stores
from archiver import bookkeeping, one_object

LARGE = b"x" * (3 * 1024 * 1024)
OTHER = "0199a3c0-0000-7000-8000-000000000002"


@pytest.fixture
def inbox(stores: Stores) -> FaultyStore:
    """A directory, read through a store that may be disturbed."""
    return FaultyStore(stores["disk"])


@pytest.fixture
def vault(stores: Stores) -> FaultyStore:
    return FaultyStore(stores["archive"])


@pytest.fixture
def archive(stores: Stores, inbox: FaultyStore, vault: FaultyStore) -> Archive:
    return Archive(Stores({"inbox": inbox, "archive": vault, "receipts": stores["receipts"]}))


async def test_what_is_read_back_wrong_is_copied_again(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    await fill(inbox, {"a": b"hello"})
    vault.lies = 1

    result = await archive.done(source="inbox/a", destination="archive/")

    assert (result.objects.copied, vault.staged, vault.published) == (1, 2, ["a"])
    assert await everything(vault) == {"a": b"hello"}


async def test_what_is_always_read_back_wrong_is_never_shown(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given
    await fill(inbox, {"in/1": b"hello", "in/2": b"hello"})
    vault.lies = 1000

    # when
    detail = await archive.retried(source="inbox/in/", destination="archive/", delete_source="after_verify")

    # then
    assert "were read back from archive, but 5 bytes" in detail
    assert await keys(vault) == []
    assert await keys(inbox) == ["in/1", "in/2"]
    _, entries = await archive.manifest()
    assert {entry.status for entry in entries} == {CopyStatus.FAILED}
    assert vault.staged == 2 * (len(one_object.PAUSES) + 1)


@pytest.mark.parametrize(
    "after", [b"shorter", b"x" * len(LARGE), LARGE + b"longer"], ids=["less", "same", "more"]
)
async def test_a_source_that_is_replaced_meanwhile_is_copied_as_it_is_then(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore, after: bytes
) -> None:
    await fill(inbox, {"a": LARGE})

    async def replace(key: str) -> None:
        if (await inbox.store.stat(key)).etag == etag:
            await inbox.store.write(key, after)

    etag = (await inbox.stat("a")).etag
    inbox.while_reading = replace

    result = await archive.done(source="inbox/a", destination="archive/")

    assert (result.bytes, await content(vault, "a")) == (len(after), after)
    assert vault.published == ["a"]
    told = [progress.done for progress in archive.reported.progresses]
    assert (max(told), told[-1]) == (max(len(LARGE), len(after)), len(after))


async def test_a_source_that_changes_all_the_time_fails_clearly_and_the_others_go_on(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given
    await fill(inbox, {"in/changing": LARGE, "in/quiet": LARGE})

    async def replace(key: str) -> None:
        if key == "in/changing":
            await inbox.store.write(key, LARGE)

    inbox.while_reading = replace

    # when
    detail = await archive.retried(source="inbox/in/", destination="archive/")

    # then
    assert detail.startswith("NotAllArchivedError: 1 of 2 objects not archived, the first: inbox/in/changing")
    assert "change" in detail
    assert await keys(vault) == ["quiet"]


async def test_a_source_that_vanishes_meanwhile_fails_for_good(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    await fill(inbox, {"in/1": LARGE, "in/2": LARGE})

    async def remove(key: str) -> None:
        if key == "in/1":
            await inbox.store.delete(key)

    inbox.while_reading = remove

    detail = await archive.failed(source="inbox/in/", destination="archive/")

    assert "there is no object" in detail
    assert await keys(vault) == ["2"]


async def test_of_two_jobs_with_one_destination_the_second_finds_the_first(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given a job that writes the same and one that writes something else while a third one copies
    await fill(inbox, {"in/same": b"hello", "in/other": b"hello"})

    async def overtake(key: str) -> None:
        await vault.store.write(key, b"hello" if key == "same" else b"world")

    vault.before_publishing = overtake

    # when
    detail = await archive.failed(source="inbox/in/", destination="archive/")

    # then
    assert detail.startswith("1 of 2 objects not archived, the first: archive/other exists already")
    assert await everything(vault) == {"same": b"hello", "other": b"world"}
    _, entries = await archive.manifest()
    assert [entry.status for entry in entries] == [CopyStatus.FAILED, CopyStatus.SKIPPED]


async def test_a_full_store_ends_the_attempt_and_the_next_goes_on(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given a store that is full after half of the objects
    await fill(inbox, {f"in/{number}": b"x" for number in range(6)})

    async def refuse(key: str) -> None:
        if key >= "3":
            raise StoreFull("store archive has no room")

    vault.before_publishing = refuse
    assert "StoreFull" in await archive.retried(source="inbox/in/", destination="archive/")
    first = {key: (await vault.stat(key)).etag for key in await keys(vault)}

    # when there is room
    vault.before_publishing = nothing
    result = await archive.done(source="inbox/in/", destination="archive/", checkpointed=archive.checkpoint)

    # then nothing is copied twice
    assert first.keys() <= {"0", "1", "2"}
    assert result.objects.copied == 6
    assert {key: (await vault.stat(key)).etag for key in first} == first
    assert await keys(vault) == [str(number) for number in range(6)]


async def test_an_attempt_does_not_even_look_at_what_was_kept(archive: Archive, stores: Stores) -> None:
    # given an attempt that ended after a part was kept
    count = bookkeeping.PART + 20
    source = FaultyStore(stores["archive"])
    await fill(source, {f"in/{number:04}": b"x" for number in range(count)})
    archive.stores = Stores({"inbox": source, "archive": stores["inbox"], "receipts": stores["receipts"]})
    source.fault = lambda key: StoreFull("no room") if key == f"in/{count - 1:04}" else None
    await archive.retried(source="inbox/in/", destination="archive/")
    checkpoint = archive.checkpoint
    asked: list[str] = []

    # when
    source.fault = asked.append
    result = await archive.done(source="inbox/in/", destination="archive/", checkpointed=checkpoint)

    # then
    assert min(asked) == f"in/{bookkeeping.PART:04}"
    assert result.objects.copied == count
    assert archive.reported.progresses[0].done > bookkeeping.PART
    _, entries = await archive.manifest()
    assert [entry.source for entry in entries] == [f"inbox/in/{number:04}" for number in range(count)]
    assert await keys(stores["receipts"]) == [f"{JOB}.json", f"archives/{JOB}.ndjson"]


async def test_a_renewed_copy_does_not_go_over_what_somebody_else_has_put_there(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given this job's own copy of what the source was before
    await fill(inbox, {"a": b"before"})
    await archive.done(source="inbox/a", destination="archive/")
    await fill(inbox, {"a": b"after."})

    async def overtake(key: str) -> None:
        await vault.store.write(key, b"theirs")

    vault.before_publishing = overtake

    # when
    detail = await archive.failed(source="inbox/a", destination="archive/")

    # then
    assert "exists already, and is not the same" in detail
    assert await everything(vault) == {"a": b"theirs"}


async def test_the_last_attempt_leaves_a_manifest_of_what_was_done(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    await fill(inbox, {f"in/{number}": b"x" for number in range(3)})

    async def refuse(key: str) -> None:
        if key == "2":
            raise StoreFull("store archive has no room")

    vault.before_publishing = refuse

    assert "StoreFull" in await archive.failed(source="inbox/in/", destination="archive/", attempt=5)

    header, entries = await archive.manifest()
    assert header.objects.copied == len(entries) <= 2


async def test_an_object_that_cannot_be_reached_does_not_keep_the_others(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given objects that cannot be read, though not as many in a row as a store that is gone would have
    count = 3 * bookkeeping.GIVE_UP
    await fill(inbox, {f"in/{number:02}": b"x" for number in range(count)})
    unreadable = {f"in/{number:02}" for number in range(count) if number % bookkeeping.GIVE_UP}
    inbox.fault = lambda key: StoreUnavailable("broken sector") if key in unreadable else None

    # when
    detail = await archive.retried(source="inbox/in/", destination="archive/")

    # then
    assert f"{len(unreadable)} of {count} objects not archived, the first: broken sector" in detail
    assert await keys(vault) == ["00", "08", "16"]

    # and when they can be read, the next attempt copies them and nothing else
    inbox.fault = lambda _: None
    vault.published.clear()
    await archive.done(source="inbox/in/", destination="archive/", checkpointed=archive.checkpoint)
    assert sorted(vault.published) == sorted(key.removeprefix("in/") for key in unreadable)


async def test_a_store_that_is_gone_ends_the_attempt_soon(archive: Archive, inbox: FaultyStore) -> None:
    # given
    count = 100
    await fill(inbox, {f"in/{number:02}": b"x" for number in range(count)})
    asked: list[str] = []

    def gone(key: str) -> StoreUnavailable:
        asked.append(key)
        return StoreUnavailable("store inbox cannot be reached")

    inbox.fault = gone

    # when
    detail = await archive.retried(source="inbox/in/", destination="archive/")

    # then
    assert "StoreUnavailable: store inbox cannot be reached" in detail
    assert len(asked) < 3 * bookkeeping.GIVE_UP
    assert archive.checkpoint is None


async def test_a_lost_answer_to_the_last_step_is_not_a_conflict(
    archive: Archive, inbox: FaultyStore, vault: FaultyStore
) -> None:
    # given a store that has published and then says that the object exists
    await fill(inbox, {"a": b"hello"})

    async def publish_twice(key: str) -> None:
        vault.before_publishing = nothing
        await Archive(archive.stores).done(source="inbox/a", destination="archive/")
        raise ObjectConflict(f"{key} exists")

    vault.before_publishing = publish_twice

    # when
    result = await archive.done(source="inbox/a", destination="archive/", on_conflict="fail", job_id=JOB)

    # then
    assert (result.objects.copied, vault.published) == (1, ["a"])
