"""Hands content over to obstore so that an upload which is not completed is given up, and leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

R = TypeVar("R")

CLEANING = 1.5
"""Seconds that giving up may take; then its parts are left to the rules of the bucket."""

Upload = Callable[[AsyncIterator[bytes]], Awaitable[R]]


class _GivenUp(Exception):
    """Raised into an upload whose content will not come to its end; obstore then removes what is there."""


async def hand_over(content: AsyncIterator[bytes], upload: Upload[R]) -> R:
    """What `upload` makes of the content. If that raises, or who waits here is cancelled, it is given up first.

    (A call of obstore's that is cancelled itself leaves its parts in the bucket.)
    """
    pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(1)
    uploading = asyncio.ensure_future(upload(_taken(pieces)))
    try:
        async for piece in content:
            await _put(pieces, piece, uploading)
            if uploading.done():
                break
        await _put(pieces, None, uploading)
        return await asyncio.shield(uploading)
    finally:
        await _give_up(pieces, uploading)


async def _taken(pieces: "asyncio.Queue[bytes | BaseException | None]") -> AsyncIterator[bytes]:
    while True:
        piece = await pieces.get()
        if piece is None:
            return
        if isinstance(piece, BaseException):
            raise piece
        yield piece


async def _put(
    pieces: "asyncio.Queue[bytes | BaseException | None]",
    piece: bytes | None,
    uploading: "asyncio.Future[R]",
) -> None:
    putting = asyncio.ensure_future(pieces.put(piece))
    either: list[asyncio.Future[None] | asyncio.Future[R]] = [putting, uploading]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        putting.cancel()


async def _give_up(
    pieces: "asyncio.Queue[bytes | BaseException | None]", uploading: "asyncio.Future[R]"
) -> None:
    if uploading.done():
        return
    while not pieces.empty():
        pieces.get_nowait()
    pieces.put_nowait(_GivenUp())
    await _end_of(uploading)


async def _end_of(uploading: "asyncio.Future[R]") -> None:
    try:
        await asyncio.wait([uploading], timeout=CLEANING)
    finally:
        uploading.add_done_callback(_is_seen)
        if not uploading.done():
            uploading.cancel()


def _is_seen(uploading: "asyncio.Future[R]") -> None:
    """Keep asyncio from complaining that nobody has asked how it ended."""
    if not uploading.cancelled():
        uploading.exception()
