"""What the handler works with: real stores, documents and a sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.images.workplace import Workplace

from afterwork.documents import Documents
from afterwork.sandbox import Sandbox
from afterwork.stores import Stores, StoreSettings
from processor.images import analysis
from processor.images.analyst import Analyst


@pytest.fixture
async def workplace(tmp_path: Path) -> AsyncIterator[Workplace]:
    settings = {"inbox": StoreSettings(url=f"file://{tmp_path}/inbox")}
    async with (
        Stores.open(settings) as stores,
        Documents.open(f"sqlite:///{tmp_path}/documents.sqlite") as documents,
        Sandbox(preload=[analysis.__name__]) as sandbox,
    ):
        yield Workplace(stores["inbox"], documents, Analyst(stores, documents, sandbox))
