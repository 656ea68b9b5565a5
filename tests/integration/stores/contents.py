"""Content for tests: made as it is asked for, and taken as it comes."""

import asyncio
from collections.abc import AsyncIterator

from afterwork.stores import Store

MIB = 1024 * 1024


class Broken(Exception):
    """Raised by content that ends too early."""


async def pattern(size: int, *, chunk: int = 300_000) -> AsyncIterator[bytes]:
    """So many bytes, none like its neighbours."""
    for start in range(0, size, chunk):
        yield bytes_of(start, min(start + chunk, size))


def bytes_of(start: int, end: int) -> bytes:
    """The bytes of `pattern` from `start` to before `end`."""
    first = start - start % 251
    period = bytes(range(251))
    return (period * ((end - first) // 251 + 1))[start - first : end - first]


async def broken(size: int) -> AsyncIterator[bytes]:
    """So many bytes, and then a fault."""
    async for piece in pattern(size):
        yield piece
    raise Broken


async def stalled(size: int, reached: asyncio.Event) -> AsyncIterator[bytes]:
    """So many bytes, and then nothing for ever. reached: set when it has come so far."""
    async for piece in pattern(size):
        yield piece
    reached.set()
    await asyncio.Event().wait()


async def content_of(store: Store, key: str, *, start: int = 0, end: int | None = None) -> bytes:
    """What the object contains."""
    async with store.read(key, start=start, end=end) as reader:
        return b"".join([piece async for piece in reader.chunks()])


async def keys_of(store: Store, prefix: str = "", *, after: str = "") -> list[str]:
    """The keys that are listed."""
    return [info.key async for info in store.list(prefix, after=after)]
