"""The port over a directory."""

import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import islice
from pathlib import Path

from afterwork.errors import StoreUnavailable
from afterwork.stores.conditions import Condition
from afterwork.stores.gathering import gathered
from afterwork.stores.keys import usable_prefix
from afterwork.stores.local import changes, staging
from afterwork.stores.local.faults import told
from afterwork.stores.local.keys import usable_key
from afterwork.stores.local.publishing import LocalStaged
from afterwork.stores.local.reading import CHUNK, LocalReader, Opened, open_object, stat_object
from afterwork.stores.local.walking import walk
from afterwork.stores.port import NOTHING_SAID, ObjectInfo, Traits
from afterwork.stores.ranges import span
from afterwork.stores.threads import Threads
from afterwork.stores.traits import usable_traits

BATCH = 500
"""Objects that are looked for at a time."""


class LocalStore:
    """Objects as files below a directory, which is made if it is missing. Raises StoreUnavailable if it cannot be."""

    is_local = True

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self._threads = Threads(name)
        self._swept = time.monotonic()
        try:
            root.mkdir(parents=True, exist_ok=True)
            staging.sweep(root, now=time.time())
        except OSError as error:
            raise StoreUnavailable(f"store {name}: {root}: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is asked of it any more."""
        self._threads.close()

    async def stat(self, key: str) -> ObjectInfo:
        """What is known of the object."""
        usable_key(key)
        with told(self.name, key):
            return await self._threads.run(stat_object, self.root, key)

    @asynccontextmanager
    async def read(
        self, key: str, *, start: int = 0, end: int | None = None, if_match: str | None = None
    ) -> AsyncIterator[LocalReader]:
        """Open the object; what takes its place meanwhile does not change what is read."""
        usable_key(key)
        with told(self.name, key):
            found = await self._threads.run_or_undo(Opened.close, open_object, self.root, key)
        try:
            Condition(if_match).check(key, found.info.etag)
            yield LocalReader(self.name, found, span(found.info, start, end), self._threads)
        finally:
            found.close()

    async def write(
        self,
        key: str,
        content: AsyncIterable[bytes] | bytes,
        traits: Traits = NOTHING_SAID,
        *,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store an object: as a file aside first, which takes its place when it is complete and on the disk."""
        usable_key(key)
        usable_traits(traits)
        with told(self.name, key, is_change=True):
            await self._threads.run(changes.check, self.root, key, Condition(if_match, if_absent))
        async with self._staged(content, key) as staged:
            return await staged.publish(key, traits, if_match=if_match, if_absent=if_absent)

    @asynccontextmanager
    async def stage(self, content: AsyncIterable[bytes] | bytes) -> AsyncIterator[LocalStaged]:
        """Store content as a file aside, complete and on the disk."""
        async with self._staged(content, "what is written") as staged:
            yield staged

    @asynccontextmanager
    async def _staged(self, content: AsyncIterable[bytes] | bytes, what: str) -> AsyncIterator[LocalStaged]:
        with told(self.name, what, is_change=True):
            staged = await self._threads.run_or_undo(staging.Staged.discard, self._new_file)
        try:
            async with aclosing(gathered(content, CHUNK)) as pieces:
                async for piece in pieces:
                    with told(self.name, what, is_change=True):
                        await self._threads.run(staged.write, piece)
            with told(self.name, what, is_change=True):
                status = await self._threads.run(staged.finish)
            yield LocalStaged(self.name, staged, status, self._threads)
        finally:
            await self._threads.run(staged.discard)

    async def list(self, prefix: str = "", *, after: str = "") -> AsyncGenerator[ObjectInfo]:
        """All objects, with their traits."""
        found = walk(self.root, usable_prefix(prefix), after)
        while True:
            with told(self.name, prefix):
                batch = await self._threads.run(lambda: tuple(islice(found, BATCH)))
            for info in batch:
                yield info
            if len(batch) < BATCH:
                return

    async def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Remove the object."""
        usable_key(key)
        with told(self.name, key):
            await self._threads.run(changes.delete, self.root, key, Condition(if_match))

    async def copy(self, source: str, key: str, *, if_absent: bool = False) -> ObjectInfo:
        """Copy within the store, with its traits."""
        async with self.read(source) as reader:
            info = reader.info
            traits = Traits(info.content_type, info.metadata, info.tier)
            return await self.write(key, reader.chunks(), traits, if_absent=if_absent)

    def _new_file(self) -> staging.Staged:
        if time.monotonic() - self._swept > staging.LEFT_BEHIND:
            self._swept = time.monotonic()
            staging.sweep(self.root, now=time.time())
        return staging.stage(self.root)
