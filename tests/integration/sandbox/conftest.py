"""A sandbox for the tests of a module's deeds, and what processes are there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.integration.sandbox import deeds
from tests.servers import wait_until

from afterwork.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Two calls at a time, 200 MiB each."""
    async with Sandbox(preload=[deeds.__name__], processes=2, memory=200 * deeds.MEBIBYTE) as opened:
        yield opened


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """Where a deed says which processes there are."""
    return tmp_path / "said"


async def pids_in(path: Path) -> list[int]:
    """The process ids in the file, as soon as it is there."""
    await asyncio.to_thread(wait_until, path.exists, what=f"{path} is there")
    return _pids(path)


def _pids(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()]


def alive(pids: list[int]) -> list[int]:
    """Those that are there and no zombies."""
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


async def none_alive(pids: list[int]) -> None:
    """Return when all of them have ended."""
    await asyncio.to_thread(wait_until, lambda: not alive(pids), what=f"{pids} have ended")


def fork_server() -> psutil.Process:
    """The one that belongs to this process."""
    (server,) = [one for one in psutil.Process().children() if "afterwork.sandbox.server" in one.cmdline()]
    return server
