"""Content in a remote store that is not shown yet: an object in the folder that holds none."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

from afterwork.contracts.objects import RESERVED
from afterwork.errors import AfterworkError, ObjectConflict
from afterwork.stores.conditions import Condition
from afterwork.stores.port import NOTHING_SAID, ObjectInfo, ObjectReader, Traits
from afterwork.stores.ranges import Span
from afterwork.stores.remote.bucket import Bucket

STAGING = f"{RESERVED}/writing"
LEFT_BEHIND = timedelta(days=1)
"""Age at which what a dead writer has left is removed."""
LOOK_EVERY = 3600.0


class Staging:
    """The folder of what is not shown. Every hour in which it is used, what dead writers have left there is removed."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._looked = -LOOK_EVERY

    @asynccontextmanager
    async def hold(self, content: AsyncIterable[bytes] | bytes) -> AsyncIterator[ObjectInfo]:
        """Content as long as the block lasts."""
        await self._sweep()
        key = f"{STAGING}/{uuid4().hex}"
        try:
            yield await self._bucket.put(key, content, NOTHING_SAID, Condition())
        finally:
            with suppress(AfterworkError):  # then the sweep takes it
                await asyncio.shield(self._bucket.delete(key))

    async def _sweep(self) -> None:
        if time.monotonic() - self._looked < LOOK_EVERY:
            return
        self._looked = time.monotonic()
        before = datetime.now(UTC) - LEFT_BEHIND
        async for info in self._bucket.list(STAGING, ""):
            if info.modified_at < before:
                await self._bucket.delete(info.key)


class Target(Protocol):
    """Where staged content is published."""

    async def write(
        self,
        key: str,
        content: AsyncIterable[bytes],
        traits: Traits,
        *,
        if_match: str | None,
        if_absent: bool,
    ) -> ObjectInfo:
        """Store an object."""


@dataclass(frozen=True, slots=True)
class RemoteStaged:
    """Content that is complete and has no key yet."""

    _target: Target
    _bucket: Bucket
    _info: ObjectInfo

    @property
    def size(self) -> int:
        """In bytes."""
        return self._info.size

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ObjectReader]:
        """Read it back."""
        yield _StagedReader(self._info, self._bucket)

    async def publish(
        self,
        key: str,
        traits: Traits = NOTHING_SAID,
        *,
        if_match: str | None = None,
        if_absent: bool = False,
        sha256: str | None = None,
    ) -> ObjectInfo:
        """Send it once more, to its key: no copy within a cloud takes traits along with a condition."""
        pieces = _verified(self._bucket.pieces(self._info, Span(0, self.size)), key, sha256)
        return await self._target.write(key, pieces, traits, if_match=if_match, if_absent=if_absent)


async def _verified(content: AsyncIterator[bytes], key: str, expected: str | None) -> AsyncIterator[bytes]:
    found = hashlib.sha256()
    async for piece in content:
        if expected is not None:
            await asyncio.to_thread(found.update, piece)
        yield piece
    if expected is not None and found.hexdigest() != expected:
        raise ObjectConflict(f"{key}: what was stored does not read as it was written")


@dataclass(frozen=True, slots=True)
class _StagedReader:
    info: ObjectInfo
    _bucket: Bucket

    async def chunks(self) -> AsyncIterator[bytes]:
        async for piece in self._bucket.pieces(self.info, Span(0, self.info.size)):
            yield piece
