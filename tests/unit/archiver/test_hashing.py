"""A digest of what passes: the right one, with everything handed on, and errors let through."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from archiver.hashing import Digest

PARTS = [b"a", b"", b"b" * 300_000, bytes(range(256)) * 4096, b"end"]


async def stream(parts: list[bytes], error: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if error is not None:
        raise error


async def test_everything_is_handed_on_and_counted_in() -> None:
    digest = Digest()
    seen: list[int] = []

    passed = [part async for part in digest.passing(stream(PARTS), seen.append)]

    assert passed == PARTS
    assert seen == [len(part) for part in PARTS]
    assert digest.sha256 == hashlib.sha256(b"".join(PARTS)).hexdigest()
    assert digest.size == sum(seen)


async def test_pieces_count_in_their_order_however_quickly_they_come() -> None:
    parts = [bytes([number]) * (600_000 if number % 2 == 0 else 10) for number in range(100)]

    assert await Digest().of(stream(parts)) == hashlib.sha256(b"".join(parts)).hexdigest()


async def test_of_nothing_it_is_that_of_nothing() -> None:
    assert await Digest().of(stream([])) == hashlib.sha256().hexdigest()


async def test_what_breaks_the_stream_is_raised() -> None:
    with pytest.raises(ConnectionError):
        await Digest().of(stream(PARTS, ConnectionError()))


async def test_a_taker_who_leaves_early_leaves_nothing_behind() -> None:
    digest = Digest()

    async with aclosing(digest.passing(stream(PARTS))) as passing:
        async for part in passing:
            if len(part) > 1000:
                break

    assert digest.sha256 == hashlib.sha256(b"a" + PARTS[2]).hexdigest()
