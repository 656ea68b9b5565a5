"""SHA-256 of content on its way, counted in threads so that neither the loop nor the stream waits for it."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

_WORTH_A_THREAD = 256 * 1024
"""Bytes from which on a hash takes longer than handing it to a thread."""


class Digest:
    """The SHA-256 and the size of what has passed so far."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self._hash.hexdigest()

    async def passing(
        self, chunks: AsyncIterator[bytes], seen: Callable[[int], None] = lambda _: None
    ) -> AsyncGenerator[bytes, None]:
        """Hand the chunks on; each is hashed while the taker works on it and the next one is fetched.

        seen: is told the size of each.
        """
        hashing: asyncio.Future[None] | None = None
        try:
            async for chunk in chunks:
                if hashing is not None:
                    await hashing
                hashing = asyncio.ensure_future(self._update(chunk))
                seen(len(chunk))
                yield chunk
        finally:
            if hashing is not None:
                await hashing

    async def of(self, chunks: AsyncIterator[bytes]) -> str:
        """Read to the end; the SHA-256 in hexadecimal."""
        async for _ in self.passing(chunks):
            pass
        return self.sha256

    async def _update(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if len(chunk) < _WORTH_A_THREAD:
            self._hash.update(chunk)
        else:
            await asyncio.to_thread(self._hash.update, chunk)
