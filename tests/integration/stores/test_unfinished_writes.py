"""Writers that do not come to their end: nothing of them is seen, and nothing stays."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.integration.stores.contents import MIB, Broken, broken, content_of, keys_of, pattern, stalled
from tests.object_stores import S3Server

from afterwork.contracts.objects import RESERVED
from afterwork.errors import ObjectConflict
from afterwork.stores import Store, Stores, Traits

pytestmark = pytest.mark.timeout(300)  # the first of these tests may install Azurite
SIZES = [0, 1, 20 * MIB]


def staged_files(root: Path) -> Iterable[Path]:
    """What lies in a local store and is no object."""
    return [path for path in (root / RESERVED / "writing").rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", SIZES)
async def test_content_that_breaks_off_changes_nothing(store: Store, size: int) -> None:
    old = await store.write("a", b"old", Traits("text/plain"))

    for key in ("a", "b/c"):
        with pytest.raises(Broken):
            await store.write(key, broken(size))

    assert await store.stat("a") == old
    assert await keys_of(store) == ["a"]


@pytest.mark.parametrize("size", SIZES)
async def test_a_cancelled_write_changes_nothing(store: Store, size: int) -> None:
    old = await store.write("a", b"old")
    reached = asyncio.Event()
    writing = asyncio.create_task(store.write("a", stalled(size, reached)))
    await reached.wait()

    writing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await store.stat("a") == old


async def test_what_is_being_written_is_not_seen(store: Store) -> None:
    reached = asyncio.Event()
    writing = asyncio.create_task(store.write("a", stalled(20 * MIB, reached)))
    await reached.wait()

    assert await keys_of(store) == []

    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing


@pytest.mark.parametrize("give_up", ["break", "cancel"])
async def test_a_local_write_that_is_given_up_leaves_no_file(
    local: Store, tmp_path: Path, give_up: str
) -> None:
    reached = asyncio.Event()
    content = broken(5 * MIB) if give_up == "break" else stalled(5 * MIB, reached)
    writing = asyncio.create_task(local.write("a/b", content))
    if give_up == "cancel":
        await reached.wait()
        writing.cancel()

    with pytest.raises((Broken, asyncio.CancelledError)):
        await writing

    assert not staged_files(tmp_path / "store")
    assert [path.name for path in (tmp_path / "store").iterdir()] == [RESERVED]


@pytest.mark.parametrize("give_up", ["break", "cancel"])
async def test_an_upload_in_parts_that_is_given_up_leaves_no_parts(s3: S3Server, give_up: str) -> None:
    settings = s3.new_store()
    reached = asyncio.Event()
    async with Stores.open({"inbox": settings}) as stores:
        content = broken(40 * MIB) if give_up == "break" else stalled(40 * MIB, reached)
        writing = asyncio.create_task(stores["inbox"].write("a", content))
        if give_up == "cancel":
            await reached.wait()
            writing.cancel()

        with pytest.raises((Broken, asyncio.CancelledError)):
            await writing

    assert s3.uploads(settings) == []


async def test_what_is_staged_can_be_read_and_is_not_seen(store: Store) -> None:
    async with store.stage(pattern(9 * MIB)) as staged:
        async with staged.read() as reader:
            content = b"".join([piece async for piece in reader.chunks()])

        assert await keys_of(store) == []
        published = await staged.publish("a", Traits("text/csv", {"origin": "shop"}), if_absent=True)

    assert staged.size == published.size == len(content) == 9 * MIB
    assert await store.stat("a") == published
    assert published.content_type == "text/csv"
    assert await content_of(store, "a") == content
    assert await keys_of(store) == ["a"]


async def test_what_was_staged_and_not_published_is_removed(local: Store, tmp_path: Path) -> None:
    async with local.stage(pattern(MIB)):
        assert staged_files(tmp_path / "store")

    assert not staged_files(tmp_path / "store")


async def test_what_was_staged_in_a_bucket_and_not_published_is_removed(s3: S3Server) -> None:
    settings = s3.new_store()
    async with Stores.open({"inbox": settings}) as stores:
        async with stores["inbox"].stage(pattern(MIB)):
            before = s3.keys(settings)
        after = s3.keys(settings)

    assert len(before) == 1
    assert before[0].startswith(RESERVED)
    assert after == []


async def test_staged_content_is_published_under_a_condition_only_where_it_holds(store: Store) -> None:
    await store.write("a", b"old")

    async with store.stage(b"new") as staged:
        with pytest.raises(ObjectConflict):
            await staged.publish("a", if_absent=True)

    assert await content_of(store, "a") == b"old"


async def test_staged_content_that_reads_otherwise_than_it_was_written_is_not_published(s3: S3Server) -> None:
    async with (
        Stores.open({"inbox": s3.new_store()}) as stores,
        stores["inbox"].stage(b"content") as staged,
    ):
        with pytest.raises(ObjectConflict, match="does not read as it was written"):
            await staged.publish("a", sha256="0" * 64)

        assert await keys_of(stores["inbox"]) == []
