"""Writers killed at any moment, and disks without room: what is there is whole."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.stores.contents import MIB, content_of, keys_of, pattern
from tests.servers import wait_until

from afterwork.contracts.objects import RESERVED
from afterwork.errors import StoreFull
from afterwork.stores import Stores, StoreSettings, Traits

KILLS = 12
WRITER = """
import asyncio, hashlib, os, sys
from afterwork.stores import Stores, StoreSettings, Traits

async def pieces(content):
    for at in range(0, len(content), 100_000):
        yield content[at:at + 100_000]

async def main():
    async with Stores.open({"inbox": StoreSettings(url=sys.argv[1])}) as stores:
        while True:
            content = os.urandom(2_500_000)
            digest = hashlib.sha256(content).hexdigest()
            await stores["inbox"].write("a/b", pieces(content), Traits("text/csv", {"sha256": digest}))
            print("written", flush=True)

asyncio.run(main())
"""


def write_and_be_killed(settings: StoreSettings, moment: float) -> None:
    """Have a process replace an object again and again, until it is killed."""
    with subprocess.Popen([sys.executable, "-c", WRITER, settings.url], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        wait_a_moment(moment)
        writer.send_signal(signal.SIGKILL)


async def test_a_writer_killed_at_any_moment_leaves_a_whole_object_with_its_own_traits(
    tmp_path: Path,
) -> None:
    settings = StoreSettings(url=f"file://{tmp_path}/store")
    moments = random.Random(7)
    seen = set()
    for _ in range(KILLS):
        # when a writer is killed
        write_and_be_killed(settings, moments.uniform(0, 0.05))

        # then one of its objects is there, whole, with what was said of it
        async with Stores.open({"inbox": settings}) as stores:
            content = await content_of(stores["inbox"], "a/b")
            found = await stores["inbox"].stat("a/b")
            assert found.metadata == {"sha256": hashlib.sha256(content).hexdigest()}
            assert found.content_type == "text/csv"
            assert await keys_of(stores["inbox"]) == ["a/b"]
        seen.add(found.etag)
    assert len(seen) == KILLS


def wait_a_moment(seconds: float) -> None:
    """Let the other process go on for so long; what is tested is any moment, not a certain one."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_where_there_is_no_room_nothing_is_seen_and_what_was_there_stays(small_disk: Path) -> None:
    async with Stores.open({"inbox": StoreSettings(url=f"file://{small_disk}")}) as stores:
        store = stores["inbox"]
        old = await store.write("a", pattern(3 * MIB), Traits("text/csv"))

        for key in ("a", "b"):
            with pytest.raises(StoreFull, match=f"store inbox has no room for {key}"):
                await store.write(key, pattern(9 * MIB))

        assert await store.stat("a") == old
        assert await keys_of(store) == ["a"]
        assert not list((small_disk / RESERVED / "writing").iterdir())
        await store.write("b", pattern(3 * MIB))


async def test_where_there_is_no_room_for_what_is_said_of_it_an_object_is_not_seen(small_disk: Path) -> None:
    async with Stores.open({"inbox": StoreSettings(url=f"file://{small_disk}")}) as stores:
        store = stores["inbox"]
        await store.write("first", b"x", Traits("text/csv"))  # makes the folders
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            free = os.statvfs(small_disk)
            os.posix_fallocate(file.fileno(), 0, (free.f_bavail - 1) * free.f_bsize)

        with pytest.raises(StoreFull):
            await store.write("a", b"content", Traits("text/csv", {"origin": "x" * 1000}))

        assert await keys_of(store) == ["ballast", "first"]
