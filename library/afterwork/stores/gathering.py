"""Pieces of content in the sizes that a store works with."""

from collections.abc import AsyncGenerator, AsyncIterable


async def gathered(content: AsyncIterable[bytes] | bytes, size: int) -> AsyncGenerator[bytes]:
    """The same bytes in pieces of `size`, or a little more where they come so; the last may be short."""
    if isinstance(content, bytes):
        for at in range(0, len(content), size):
            yield content[at : at + size]
        return
    parts: list[bytes] = []
    held = 0
    async for part in content:
        parts.append(part)
        held += len(part)
        if held >= size:
            yield b"".join(parts)
            parts, held = [], 0
    if parts:
        yield b"".join(parts)
