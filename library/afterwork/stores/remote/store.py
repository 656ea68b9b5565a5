"""The port over a bucket, a container or memory."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afterwork.contracts.objects import Tier
from afterwork.errors import ObjectMissing
from afterwork.stores.conditions import Condition
from afterwork.stores.keys import is_key, usable_key, usable_prefix
from afterwork.stores.port import NOTHING_SAID, ObjectInfo, Traits
from afterwork.stores.ranges import Span, span
from afterwork.stores.remote.bucket import Bucket
from afterwork.stores.remote.staging import RemoteStaged, Staging
from afterwork.stores.traits import usable_traits

LARGEST_COPY = 5 * 1024**3
"""Bytes of an object that S3 copies in one request."""


class RemoteStore:
    """Objects that obstore reaches."""

    is_local = False

    def __init__(self, bucket: Bucket) -> None:
        self.name = bucket.name
        self._bucket = bucket
        self._staging = Staging(bucket)

    def close(self) -> None:
        """Nothing is asked of it any more."""

    async def stat(self, key: str) -> ObjectInfo:
        """What is known of the object."""
        return await self._bucket.stat(usable_key(key))

    @asynccontextmanager
    async def read(
        self, key: str, *, start: int = 0, end: int | None = None, if_match: str | None = None
    ) -> AsyncIterator["RemoteReader"]:
        """Open the object; if it is replaced before its first byte is read, that is an ObjectConflict."""
        info = await self.stat(key)
        Condition(if_match).check(key, info.etag)
        yield RemoteReader(info, self._bucket, span(info, start, end))

    async def write(
        self,
        key: str,
        content: AsyncIterable[bytes] | bytes,
        traits: Traits = NOTHING_SAID,
        *,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store an object; see `Bucket.put` for what a condition is worth."""
        usable_key(key)
        return await self._bucket.put(key, content, usable_traits(traits), Condition(if_match, if_absent))

    @asynccontextmanager
    async def stage(self, content: AsyncIterable[bytes] | bytes) -> AsyncIterator[RemoteStaged]:
        """Store content where it is not shown."""
        async with self._staging.hold(content) as info:
            yield RemoteStaged(self, self._bucket, info)

    async def list(self, prefix: str = "", *, after: str = "") -> AsyncGenerator[ObjectInfo]:
        """All objects, without their traits; not among them are those whose keys cannot be.

        Empty ones are looked at: `folder/`, as S3's console makes it, comes as `folder`, which is not there.
        """
        usable_prefix(prefix)
        async for info in self._bucket.list(prefix.rpartition("/")[0], after):
            is_asked_for = info.key.startswith(prefix) and is_key(info.key)
            if is_asked_for and (info.size or await self._is_there(info.key)):
                yield info

    async def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Remove the object. Who writes it between the look at its ETag and its end is not noticed."""
        Condition(if_match).check(key, (await self.stat(key)).etag)
        await self._bucket.delete(key)

    async def copy(self, source: str, key: str, *, if_absent: bool = False) -> ObjectInfo:
        """Copy within the store, with its traits: by the store itself where the outcome is the same."""
        usable_key(key)
        info = await self.stat(source)
        is_plain = info.tier in {None, Tier.HOT} and info.size < LARGEST_COPY and not if_absent
        if self._bucket.dialect.copies and is_plain and source != key:
            await self._bucket.copy(source, key)
            return await self.stat(key)
        traits = Traits(info.content_type, info.metadata, info.tier)
        pieces = self._bucket.pieces(info, Span(0, info.size))
        return await self.write(key, pieces, traits, if_absent=if_absent)

    async def _is_there(self, key: str) -> bool:
        try:
            await self.stat(key)
        except ObjectMissing:
            return False
        return True


@dataclass(frozen=True, slots=True)
class RemoteReader:
    """A remote object being read."""

    info: ObjectInfo
    _bucket: Bucket
    _span: Span

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes asked for."""
        async for piece in self._bucket.pieces(self.info, self._span):
            yield piece
