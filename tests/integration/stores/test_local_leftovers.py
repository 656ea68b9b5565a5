"""What lies beside the objects of a directory: what was said of them, and what dead writers have left."""

import asyncio
import fcntl
import os
import time
from pathlib import Path

import pytest

from afterwork.contracts.objects import RESERVED, Tier
from afterwork.stores import Store, Stores, StoreSettings, Traits
from afterwork.stores.local.staging import LEFT_BEHIND

TRAITS = Traits("text/csv", {"origin": "shop"}, Tier.ARCHIVE)


@pytest.fixture
def root(local: Store, tmp_path: Path) -> Path:
    """The directory of the store `local`."""
    return tmp_path / "store"


async def test_what_was_said_of_a_content_is_not_said_of_another(local: Store, root: Path) -> None:
    await local.write("a", b"one", TRAITS)

    (root / "a").write_text("somebody else's")

    found = await local.stat("a")
    assert (found.content_type, found.metadata, found.tier) == (None, {}, None)


async def test_what_was_said_of_an_object_goes_with_it(local: Store, root: Path) -> None:
    await local.write("a", b"one", TRAITS)
    await local.delete("a")
    (root / "a").write_text("one")

    assert (await local.stat("a")).content_type is None
    assert not list((root / RESERVED / "traits").rglob("*.json"))


async def test_a_copy_of_the_whole_directory_keeps_all_that_was_said(local: Store, root: Path) -> None:
    await local.write("a/b", b"one", TRAITS)
    copying = await asyncio.create_subprocess_exec("cp", "-a", root, f"{root}-copy")
    await copying.wait()

    async with Stores.open({"copy": StoreSettings(url=f"file://{root}-copy")}) as stores:
        found = await stores["copy"].stat("a/b")

    assert (found.content_type, found.metadata, found.tier) == (
        TRAITS.content_type,
        TRAITS.metadata,
        TRAITS.tier,
    )


async def test_what_is_said_is_said_of_each_content_while_it_is_replaced(local: Store) -> None:
    await local.write("a", b"0", Traits(metadata={"number": "0"}))
    done = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not done.is_set():
            async with local.read("a") as reader:
                [content] = [piece async for piece in reader.chunks()]
            assert reader.info.metadata == {"number": content.decode()}
            looks += 1
        return looks

    async def replace() -> None:
        for number in range(200):
            await local.write("a", str(number).encode(), Traits(metadata={"number": str(number)}))
        done.set()

    _, *looks = await asyncio.gather(replace(), look(), look())

    assert all(looks)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "b", "versions": {}}', "\0" * 100, '{"key": 7}'])
async def test_a_damaged_sidecar_costs_what_it_said_and_no_more(local: Store, root: Path, text: str) -> None:
    await local.write("a", b"one", TRAITS)
    [sidecar] = (root / RESERVED / "traits").rglob("*.json")
    sidecar.write_text(text)

    found = await local.stat("a")
    written = await local.write("a", b"two", TRAITS)

    assert found.content_type is None
    assert (await local.stat("a")) == written
    assert written.tier is Tier.ARCHIVE


async def test_a_list_tells_what_was_said(local: Store) -> None:
    written = await local.write("a", b"one", TRAITS)

    assert [info async for info in local.list()] == [written]


def left(root: Path, *, age: float) -> Path:
    """A file as a writer leaves it that was killed."""
    folder = root / RESERVED / "writing"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"left-{age}"
    path.write_bytes(b"half of it")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


async def test_what_dead_writers_left_is_removed_when_the_store_is_opened(tmp_path: Path) -> None:
    settings = {"inbox": StoreSettings(url=f"file://{tmp_path}/store")}
    old, new = left(tmp_path / "store", age=LEFT_BEHIND + 10), left(tmp_path / "store", age=0)

    async with Stores.open(settings):
        pass

    assert not old.exists()
    assert new.exists()


async def test_what_a_slow_writer_is_at_is_not_removed(tmp_path: Path) -> None:
    settings = {"inbox": StoreSettings(url=f"file://{tmp_path}/store")}
    old = left(tmp_path / "store", age=LEFT_BEHIND + 10)

    with old.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        async with Stores.open(settings):
            pass

    assert old.exists()
