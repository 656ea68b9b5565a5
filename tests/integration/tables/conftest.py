"""Stores in local directories, and a sandbox that may run tables."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from afterwork.sandbox import Sandbox
from afterwork.stores import Stores, StoreSettings
from processor.tables import processing

MEBIBYTE = 2**20


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files of the test go."""
    path = tmp_path / "scratch"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """`inbox` and `results`."""
    settings = {name: StoreSettings(url=f"file://{tmp_path}/{name}") for name in ("inbox", "results")}
    async with Stores.open(settings) as opened:
        yield opened


@pytest_asyncio.fixture
async def sandbox(scratch: Path) -> AsyncIterator[Sandbox]:
    """One with 512 MiB a call."""
    async with Sandbox(preload=[processing.__name__], memory=512 * MEBIBYTE) as opened:
        yield opened
