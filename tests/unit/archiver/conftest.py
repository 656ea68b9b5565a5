"""Stores in memory and in temporary directories, and a way to archive between them as a worker would."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.archiving import Archive

from afterwork.stores import Stores, StoreSettings


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """Two in memory, `inbox` and `archive`, and two in directories, `disk` and `receipts`."""
    urls = {"inbox": "memory://", "archive": "memory://", "disk": f"file://{tmp_path}/disk"}
    urls["receipts"] = f"file://{tmp_path}/receipts"
    async with Stores.open({name: StoreSettings(url=url) for name, url in urls.items()}) as opened:
        yield opened


@pytest.fixture
def archive(stores: Stores) -> Archive:
    return Archive(stores)
