"""Every kind of store, each empty and of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.object_stores import AzureServer, S3Server

from afterwork.stores import Store, Stores, StoreSettings

KINDS = ("local", "memory", "s3", "azure")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 that the tests of a session share."""
    with S3Server() as server:
        yield server


@pytest.fixture(scope="session")
def azure() -> Iterator[AzureServer]:
    """An Azure that the tests of a session share."""
    with AzureServer() as server:
        yield server


@pytest.fixture(params=KINDS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    """What a store of this kind is configured by. Remote ones are put below a prefix, as the harder case."""
    if request.param == "local":
        return StoreSettings(url=f"file://{tmp_path}/store")
    if request.param == "memory":
        return StoreSettings(url="memory://")
    server: S3Server | AzureServer = request.getfixturevalue(request.param)
    return server.new_store("some/prefix")


@pytest.fixture
async def store(settings: StoreSettings) -> AsyncIterator[Store]:
    """The store."""
    async with Stores.open({"inbox": settings}) as stores:
        yield stores["inbox"]


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Store]:
    """A store in the directory `store` of this test."""
    async with Stores.open({"inbox": StoreSettings(url=f"file://{tmp_path}/store")}) as stores:
        yield stores["inbox"]
