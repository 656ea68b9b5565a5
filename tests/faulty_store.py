"""A store that does what a sick disk or a busy neighbour does, and counts what is asked of it."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afterwork.errors import AfterworkError
from afterwork.stores import ObjectInfo, ObjectReader, Staged, Store, Traits

Event = Callable[[str], Awaitable[None]]


async def nothing(_key: str) -> None:
    """What happens mostly."""


class FaultyStore:
    """Stands before a real store.

    lies: how many times what was stored is read back with one bit flipped. while_reading: happens after the first
    piece of an object has been read. before_publishing: happens when an object is complete and verified.
    fault: what is raised for a key instead of an answer to `stat`. staged, published: what was asked for.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.name = store.name
        self.is_local = store.is_local
        self.lies = 0
        self.while_reading: Event = nothing
        self.before_publishing: Event = nothing
        self.fault: Callable[[str], AfterworkError | None] = lambda _: None
        self.staged = 0
        self.published: list[str] = []

    def close(self) -> None:
        """The real one is closed by who has opened it."""

    async def stat(self, key: str) -> ObjectInfo:
        """As the store, or the error of this key."""
        if (fault := self.fault(key)) is not None:
            raise fault
        return await self.store.stat(key)

    @asynccontextmanager
    async def read(
        self, key: str, *, start: int = 0, end: int | None = None, if_match: str | None = None
    ) -> AsyncIterator[ObjectReader]:
        """As the store, with something happening in between."""
        async with self.store.read(key, start=start, end=end, if_match=if_match) as reader:
            yield _Reader(reader.info, lambda: self._disturbed(key, reader))

    async def write(
        self,
        key: str,
        content: AsyncIterable[bytes] | bytes,
        traits: Traits = Traits(),  # noqa: B008 - frozen
        *,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """As the store."""
        return await self.store.write(key, content, traits, if_match=if_match, if_absent=if_absent)

    @asynccontextmanager
    async def stage(self, content: AsyncIterable[bytes] | bytes) -> AsyncIterator[Staged]:
        """As the store, but what is read back may be a lie."""
        self.staged += 1
        async with self.store.stage(content) as staged:
            yield _Staged(self, staged)

    def list(self, prefix: str = "", *, after: str = "") -> AsyncGenerator[ObjectInfo, None]:
        """As the store."""
        return self.store.list(prefix, after=after)

    async def delete(self, key: str, *, if_match: str | None = None) -> None:
        """As the store."""
        await self.store.delete(key, if_match=if_match)

    async def copy(self, source: str, key: str, *, if_absent: bool = False) -> ObjectInfo:
        """As the store."""
        return await self.store.copy(source, key, if_absent=if_absent)

    async def _disturbed(self, key: str, reader: ObjectReader) -> AsyncIterator[bytes]:
        is_first = True
        async for piece in reader.chunks():
            yield piece
            if is_first:
                await self.while_reading(key)
            is_first = False


@dataclass(frozen=True, slots=True)
class _Reader:
    info: ObjectInfo
    chunks: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class _Staged:
    faulty: FaultyStore
    staged: Staged

    @property
    def size(self) -> int:
        return self.staged.size

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ObjectReader]:
        async with self.staged.read() as reader:
            if self.faulty.lies > 0:
                self.faulty.lies -= 1
                yield _Reader(reader.info, lambda: _flipped(reader))
            else:
                yield reader

    async def publish(
        self,
        key: str,
        traits: Traits = Traits(),  # noqa: B008 - frozen
        *,
        if_match: str | None = None,
        if_absent: bool = False,
        sha256: str | None = None,
    ) -> ObjectInfo:
        await self.faulty.before_publishing(key)
        info = await self.staged.publish(key, traits, if_match=if_match, if_absent=if_absent, sha256=sha256)
        self.faulty.published.append(key)
        return info


async def _flipped(reader: ObjectReader) -> AsyncIterator[bytes]:
    async for piece in reader.chunks():
        yield bytes([piece[0] ^ 1]) + piece[1:]
