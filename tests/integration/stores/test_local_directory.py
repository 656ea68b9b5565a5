"""A store that is a directory, to which others have access as well."""

import asyncio
import os
from pathlib import Path

import pytest
from tests.integration.stores.contents import MIB, content_of, keys_of, pattern

from afterwork.contracts.objects import RESERVED, Tier
from afterwork.errors import InvalidKey, ObjectConflict, ObjectMissing, StoreUnavailable
from afterwork.stores import Store, Stores, StoreSettings, Traits

TRAITS = Traits("text/csv", {"origin": "shop"}, Tier.ARCHIVE)


@pytest.fixture
def root(local: Store, tmp_path: Path) -> Path:
    """The directory of the store `local`."""
    return tmp_path / "store"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the store, with a file in it."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


def names_in(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def move(source: Path | str, target: Path | str) -> None:
    """Rename a folder."""
    Path(source).rename(target)


async def refused(store: Store, key: str) -> None:
    """Reading finds nothing, and writing is refused."""
    for asking in (store.stat(key), content_of(store, key), store.delete(key), store.copy(key, "copy")):
        with pytest.raises(ObjectMissing):
            await asking
    for asking in (store.write(key, b"mine"), store.copy("good", key)):
        with pytest.raises(InvalidKey):
            await asking


async def test_a_file_that_somebody_puts_there_is_an_object(local: Store, root: Path) -> None:
    (root / "a").mkdir()
    (root / "a/b.csv").write_text("1,2")

    assert await content_of(local, "a/b.csv") == b"1,2"
    assert await keys_of(local) == ["a/b.csv"]
    assert (await local.stat("a/b.csv")).content_type is None


async def test_an_object_is_a_plain_file(local: Store, root: Path) -> None:
    await local.write("a/b.csv", b"1,2", TRAITS)

    assert (root / "a/b.csv").read_bytes() == b"1,2"


async def test_no_link_is_followed(local: Store, root: Path, outside: Path) -> None:
    await local.write("good", b"good")
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    (root / "inside").symlink_to(root / "good")
    (root / "dangling").symlink_to(outside / "new")

    for key in ("file", "folder/secret", "folder/new", "inside", "dangling"):
        await refused(local, key)

    assert await keys_of(local) == ["good"]
    assert await keys_of(local, "folder/") == []
    assert names_in(outside) == ["secret"]
    assert (outside / "secret").read_text() == "secret"


async def test_what_is_no_plain_file_is_no_object(local: Store, root: Path) -> None:
    await local.write("good", b"good")
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    (root / "folder/below").write_text("x")

    await refused(local, "pipe")
    await refused(local, "folder")
    assert await keys_of(local) == ["folder/below", "good"]


@pytest.mark.parametrize("name", ["a\\b", "a\nb", "\udcff", ".."])
async def test_a_file_whose_name_cannot_be_a_key_is_not_listed(local: Store, root: Path, name: str) -> None:
    if name != "..":
        (root / name).write_text("x")

    assert await keys_of(local) == []


async def test_nothing_can_be_below_an_object_nor_an_object_where_others_are_below(local: Store) -> None:
    await local.write("a/b", b"content")

    with pytest.raises(InvalidKey, match="above it is an object, or a link"):
        await local.write("a/b/c", b"")
    with pytest.raises(InvalidKey, match="there are objects below it"):
        await local.write("a", b"")
    with pytest.raises(ObjectMissing):
        await local.stat("a/b/c")
    with pytest.raises(ObjectMissing):
        await local.stat("a")


async def test_when_the_last_object_below_it_is_gone_a_key_can_be_used(local: Store) -> None:
    await local.write("a/b/c", b"content")
    await local.delete("a/b/c")

    await local.write("a", b"content")

    assert await keys_of(local) == ["a"]


async def test_empty_folders_that_a_dead_writer_left_are_in_nobodys_way(local: Store, root: Path) -> None:
    (root / "a/b/c").mkdir(parents=True)

    await local.write("a", b"content")

    assert await content_of(local, "a") == b"content"


async def test_a_part_of_a_key_that_the_file_system_does_not_take_is_refused(local: Store) -> None:
    for key in ("x" * 256, "x" * 256 + "/b", "a/" + "ü" * 128):
        with pytest.raises(InvalidKey, match="255 bytes"):
            await local.write(key, b"")
        with pytest.raises(InvalidKey, match="255 bytes"):
            await local.stat(key)


async def test_a_reader_keeps_what_it_has_opened(local: Store) -> None:
    await local.write("a", pattern(4 * MIB))
    async with local.read("a") as reader:
        chunks = reader.chunks()
        first = await anext(chunks)
        await local.write("a", b"new")
        await local.delete("a")

        rest = b"".join([chunk async for chunk in chunks])

    assert first + rest == b"".join([chunk async for chunk in pattern(4 * MIB)])


@pytest.mark.parametrize("change", ["shorter", "longer", "other"])
async def test_a_file_that_is_changed_in_place_while_it_is_read_is_told(
    local: Store, root: Path, change: str
) -> None:
    (root / "a").write_bytes(bytes(4 * MIB))
    async with local.read("a") as reader:
        chunks = reader.chunks()
        await anext(chunks)
        with (root / "a").open("r+b") as file:
            if change == "shorter":
                file.truncate(2 * MIB)
            else:
                file.seek(0 if change == "longer" else 3 * MIB, os.SEEK_END if change == "longer" else 0)
                file.write(b"x")

        with pytest.raises(ObjectConflict, match="was changed while it was read"):
            [chunk async for chunk in chunks]


async def test_an_etag_changes_though_a_program_keeps_size_and_time(local: Store, root: Path) -> None:
    (root / "a").write_text("one")
    before = (root / "a").stat()
    etag = (await local.stat("a")).etag

    (root / "a").write_text("two")
    os.utime(root / "a", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert (await local.stat("a")).etag != etag


async def test_a_directory_that_is_gone_is_an_unavailable_store(local: Store, root: Path) -> None:
    await local.write("a", b"one")
    move(root, f"{root}-away")

    for asking in (local.stat("a"), content_of(local, "a"), local.write("a", b""), keys_of(local)):
        with pytest.raises(StoreUnavailable, match="store inbox: its directory cannot be opened"):
            await asking

    move(f"{root}-away", root)
    assert await content_of(local, "a") == b"one"


async def test_a_directory_that_cannot_be_made_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreUnavailable, match=r"store inbox: .*/file/store: Not a directory"):
        async with Stores.open({"inbox": StoreSettings(url=f"file://{tmp_path}/file/store")}):
            pass


async def test_the_reserved_folder_cannot_be_turned_into_a_way_out(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "store"
    root.mkdir()
    (root / RESERVED).symlink_to(outside)

    async with Stores.open({"inbox": StoreSettings(url=f"file://{root}")}) as stores:
        with pytest.raises(InvalidKey):
            await stores["inbox"].write("a", b"content", TRAITS)

    assert names_in(outside) == ["secret"]


async def test_writers_removers_and_folders_do_not_meet(local: Store) -> None:
    async def change(number: int) -> None:
        for _ in range(30):
            await local.write(f"a/b/{number}", b"content")
            await local.delete(f"a/b/{number}")

    await asyncio.gather(*(change(number) for number in range(6)))

    assert await keys_of(local) == []
