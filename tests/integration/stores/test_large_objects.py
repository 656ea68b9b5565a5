"""Two gibibytes in and out of a directory, in memory that does not grow with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GIB = 1024**3
SIZE = 2 * GIB
MOST_GROWTH = 200 * 1024**2
COPIER = """
import asyncio, resource, sys
from afterwork.stores import Stores, StoreSettings

async def main():
    async with Stores.open({"inbox": StoreSettings(url=sys.argv[1])}) as stores:
        store = stores["inbox"]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with store.read("source") as reader:
            written = await store.write("target", reader.chunks())
        size = 0
        async with store.read("target") as reader:
            async for piece in reader.chunks():
                size += len(piece)
        print(written.size, size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)

asyncio.run(main())
"""


@pytest.mark.timeout(300)  # a slow disk takes its time
def test_memory_does_not_grow_with_an_object(tmp_path: Path) -> None:
    with (tmp_path / "source").open("wb") as file:
        os.truncate(file.fileno(), SIZE)  # sparse: it is nowhere on the disk

    run = subprocess.run(
        [sys.executable, "-c", COPIER, f"file://{tmp_path}"], capture_output=True, text=True, check=True
    )

    written, read, growth = map(int, run.stdout.split())
    (tmp_path / "target").unlink()
    assert written == read == SIZE
    assert growth < MOST_GROWTH
