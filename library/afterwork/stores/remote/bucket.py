"""What is asked of obstore, whatever the key: each call with its faults translated."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import obstore
from obstore.store import ObjectStore

from afterwork.errors import ObjectMissing
from afterwork.stores.conditions import Condition
from afterwork.stores.gathering import gathered
from afterwork.stores.port import ObjectInfo, Traits
from afterwork.stores.ranges import Span
from afterwork.stores.remote.dialects import Dialect
from afterwork.stores.remote.faults import NoSuchObject, told
from afterwork.stores.remote.uploads import hand_over

PART = 8 * 1024 * 1024
"""Bytes that are sent at a time. What is smaller is sent in one request."""
AT_A_TIME = 2
"""Parts of one object that are under way."""
CHUNK = 1024 * 1024
BATCH = 500


@dataclass(slots=True)
class Bucket:
    """A bucket, a container or memory. secrets: what must never stand in a log."""

    name: str
    objects: ObjectStore
    dialect: Dialect
    secrets: Sequence[str] = ()
    _is_seen: bool = field(default=False, init=False)

    async def stat(self, key: str) -> ObjectInfo:
        """What is known of the object. Raises ObjectMissing, or StoreUnavailable if there is no bucket either."""
        try:
            found = await self._get(key, {"head": True})
        except NoSuchObject as missing:
            await self._look_for_bucket()
            raise ObjectMissing(missing.detail) from None
        return _info(key, found.meta, self.dialect.traits(found.attributes))

    async def pieces(self, info: ObjectInfo, wanted: Span) -> AsyncIterator[bytes]:
        """These bytes of the object. Raises ObjectConflict if it is another one now."""
        if wanted.start == wanted.end:
            return
        options: obstore.GetOptions = {"if_match": f'"{info.etag}"'}
        if wanted != Span(0, info.size):
            options["range"] = (wanted.start, wanted.end)
        stream = (await self._get(info.key, options)).stream(min_chunk_size=CHUNK)
        while True:
            with told(self.name, info.key, self.secrets):
                piece = await anext(stream, None)
            if piece is None:
                return
            for at in range(0, len(piece), PART):
                yield bytes(piece[at : at + PART])

    async def put(
        self, key: str, content: AsyncIterable[bytes] | bytes, traits: Traits, condition: Condition
    ) -> ObjectInfo:
        """Store an object: in one request, or in parts that become it when the last is there.

        A condition on an object of several parts is looked at before the first and after the last of them: two writers
        who end in the same instant may both succeed.
        """
        if condition:
            await self._check(key, condition)
        attributes = self.dialect.attributes(traits)
        async with aclosing(gathered(content, PART)) as pieces:
            first = await anext(pieces, b"")
            second = await anext(pieces, None)
            if second is None:
                await self._put_whole(key, first, attributes, condition)
            else:
                parts = self._checked(key, _chained(first, second, pieces), condition)
                await self._put_parts(key, parts, attributes)
        return await self.stat(key)

    async def delete(self, key: str) -> None:
        """Remove what is there, if anything."""
        with told(self.name, key, self.secrets):
            await obstore.delete_async(self.objects, key)

    async def copy(self, source: str, key: str) -> None:
        """Have the store copy an object, with all but its storage class, over what is there."""
        with told(self.name, source, self.secrets):
            await obstore.copy_async(self.objects, source, key)

    async def list(self, folder: str, after: str) -> AsyncGenerator[ObjectInfo]:
        """All objects below the folder, those after `after` only, without their traits."""
        stream = obstore.list(self.objects, folder or None, offset=after or None, chunk_size=BATCH)
        order = self.dialect.order
        while True:
            with told(self.name, folder, self.secrets):
                batch = await anext(stream, None)
            self._is_seen = True
            if batch is None:
                return
            for meta in batch:
                if not after or order(meta["path"]) > order(after):  # Azure's emulator knows no offset
                    yield _info(meta["path"], meta, Traits())

    async def _get(self, key: str, options: "obstore.GetOptions") -> "obstore.GetResult":
        with told(self.name, key, self.secrets):
            found = await obstore.get_async(self.objects, key, options=options)
        self._is_seen = True
        return found

    async def _put_whole(
        self, key: str, content: bytes, attributes: dict[str, str], condition: Condition
    ) -> None:
        mode: obstore.PutMode = "create" if condition.if_absent else "overwrite"
        if condition.if_match is not None:
            mode = {"e_tag": f'"{condition.if_match}"'}
        with told(self.name, key, self.secrets):
            await obstore.put_async(
                self.objects, key, content, attributes=attributes, mode=mode, use_multipart=False
            )

    async def _put_parts(self, key: str, content: AsyncIterator[bytes], attributes: dict[str, str]) -> None:
        async def upload(pieces: AsyncIterator[bytes]) -> None:
            with told(self.name, key, self.secrets):
                await obstore.put_async(
                    self.objects,
                    key,
                    pieces,
                    attributes=attributes,
                    chunk_size=PART,
                    max_concurrency=AT_A_TIME,
                )

        await hand_over(content, upload)

    async def _checked(
        self, key: str, content: AsyncIterator[bytes], condition: Condition
    ) -> AsyncIterator[bytes]:
        async for piece in content:
            yield piece
        if condition:
            await self._check(key, condition)

    async def _check(self, key: str, condition: Condition) -> None:
        try:
            etag = (await self.stat(key)).etag
        except ObjectMissing:
            etag = None
        condition.check(key, etag)

    async def _look_for_bucket(self) -> None:
        """Raise StoreUnavailable if there is none: without one, there seems to be no object either."""
        if not self._is_seen:
            with told(self.name, "", self.secrets):
                await anext(obstore.list(self.objects, chunk_size=1), None)
            self._is_seen = True


def _info(key: str, meta: "obstore.ObjectMeta", traits: Traits) -> ObjectInfo:
    etag = (meta["e_tag"] or "").strip('"')
    return ObjectInfo(
        key, meta["size"], etag, meta["last_modified"], traits.content_type, traits.metadata, traits.tier
    )


async def _chained(first: bytes, second: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    async for piece in rest:
        yield piece
