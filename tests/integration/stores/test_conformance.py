"""What every store does, whatever it is made of."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.stores.contents import MIB, bytes_of, content_of, keys_of, pattern

from afterwork.contracts.objects import Tier
from afterwork.errors import BadParameter, ObjectConflict, ObjectMissing, RangeNotSatisfiable
from afterwork.stores import Store, Traits

pytestmark = pytest.mark.timeout(300)  # the first of these tests may install Azurite

TRAITS = Traits("text/csv; charset=utf-8", {"order-id": "7", "origin": "a shop, 50% off"}, Tier.COOL)


@pytest.mark.parametrize("size", [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])
async def test_what_was_written_is_read_with_all_that_was_said_of_it(store: Store, size: int) -> None:
    written = await store.write("a/b.csv", pattern(size), TRAITS)

    assert written == await store.stat("a/b.csv")
    assert (written.key, written.size) == ("a/b.csv", size)
    assert (written.content_type, written.metadata, written.tier) == (
        TRAITS.content_type,
        TRAITS.metadata,
        TRAITS.tier,
    )
    assert await content_of(store, "a/b.csv") == bytes_of(0, size)


async def test_what_is_not_said_is_not_known(store: Store) -> None:
    written = await store.write("a", b"content")

    assert (written.content_type, written.metadata, written.tier) == (None, {}, None)


async def test_content_comes_in_pieces_of_at_most_8_mib(store: Store) -> None:
    await store.write("a", pattern(20 * MIB))

    async with store.read("a") as reader:
        sizes = [len(piece) async for piece in reader.chunks()]

    assert sum(sizes) == 20 * MIB
    assert len(sizes) > 1
    assert max(sizes) <= 8 * MIB


async def test_an_object_that_is_not_there_is_missing(store: Store) -> None:
    for asking in (store.stat("a/b"), content_of(store, "a/b"), store.delete("a/b"), store.copy("a/b", "c")):
        with pytest.raises(ObjectMissing):
            await asking
    assert await keys_of(store) == []


async def test_each_content_has_an_etag_of_its_own(store: Store) -> None:
    etags = [(await store.write("a", content)).etag for content in (b"one", b"two", b"six")]

    assert len(set(etags)) == 3
    assert await content_of(store, "a") == b"six"
    assert all(etag and '"' not in etag for etag in etags)


async def test_a_new_content_takes_nothing_over_from_the_old(store: Store) -> None:
    await store.write("a", b"one", TRAITS)

    written = await store.write("a", b"two")

    assert (written.content_type, written.metadata, written.tier) == (None, {}, None)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, (0, 1000)),
        (0, 1, (0, 1)),
        (1, 1, (1, 1)),
        (999, 1000, (999, 1000)),
        (500, 5000, (500, 1000)),
        (1000, None, (1000, 1000)),
        (0, 0, (0, 0)),
    ],
)
async def test_a_range_is_read(store: Store, start: int, end: int | None, expected: tuple[int, int]) -> None:
    await store.write("a", pattern(1000))

    content = await content_of(store, "a", start=start, end=end)

    assert content == bytes_of(*expected)


async def test_a_range_across_parts_is_read(store: Store) -> None:
    await store.write("a", pattern(20 * MIB))

    content = await content_of(store, "a", start=8 * MIB - 7, end=16 * MIB + 7)

    assert content == bytes_of(8 * MIB - 7, 16 * MIB + 7)


async def test_a_range_beyond_the_end_is_refused(store: Store) -> None:
    await store.write("a", b"12345")

    with pytest.raises(RangeNotSatisfiable, match="5 bytes"):
        await content_of(store, "a", start=6)


async def test_a_reader_that_names_an_etag_gets_that_content_or_none(store: Store) -> None:
    old = await store.write("a", b"one")
    await store.write("a", b"two")

    with pytest.raises(ObjectConflict):
        async with store.read("a", if_match=old.etag):
            pass


@pytest.mark.parametrize("size", [3, 20 * MIB])
async def test_an_object_is_replaced_only_if_it_is_the_one_that_is_named(store: Store, size: int) -> None:
    first = await store.write("a", b"one")
    second = await store.write("a", pattern(size), if_match=first.etag)

    for key, etag in (("a", first.etag), ("b", second.etag)):
        with pytest.raises(ObjectConflict):
            await store.write(key, pattern(size), if_match=etag)

    assert (await store.stat("a")).etag == second.etag
    assert await keys_of(store) == ["a"]


@pytest.mark.parametrize("size", [3, 20 * MIB])
async def test_an_object_is_made_only_if_there_is_none(store: Store, size: int) -> None:
    first = await store.write("a", pattern(size), if_absent=True)

    with pytest.raises(ObjectConflict, match="a exists"):
        await store.write("a", pattern(size), if_absent=True)

    assert (await store.stat("a")).etag == first.etag


async def test_a_condition_that_does_not_hold_is_told_before_the_content_is_asked_for(store: Store) -> None:
    await store.write("a", b"one")
    asked = False

    async def content() -> AsyncIterator[bytes]:
        nonlocal asked
        asked = True
        yield b"two"

    with pytest.raises(ObjectConflict):
        await store.write("a", content(), if_absent=True)

    assert not asked


async def test_a_condition_is_looked_at_again_when_the_content_is_there(store: Store) -> None:
    async def content() -> AsyncIterator[bytes]:
        async for piece in pattern(20 * MIB):
            yield piece
        await store.write("a", b"was faster")

    with pytest.raises(ObjectConflict):
        await store.write("a", content(), if_absent=True)

    assert await content_of(store, "a") == b"was faster"


async def test_of_many_who_make_an_object_one_succeeds(store: Store) -> None:
    contents = [f"writer {number}".encode() for number in range(20)]

    ends = await asyncio.gather(
        *(store.write("a/b", content, if_absent=True) for content in contents), return_exceptions=True
    )

    winners = [number for number, end in enumerate(ends) if not isinstance(end, ObjectConflict)]
    assert len(winners) == 1
    assert await content_of(store, "a/b") == contents[winners[0]]


async def test_a_removed_object_is_gone(store: Store) -> None:
    written = await store.write("a/b", b"one")
    await store.write("a/c", b"two")

    with pytest.raises(ObjectConflict):
        await store.delete("a/b", if_match="another")
    await store.delete("a/b", if_match=written.etag)

    assert await keys_of(store) == ["a/c"]
    with pytest.raises(ObjectMissing):
        await store.stat("a/b")


async def test_a_copy_has_content_and_traits_of_its_source(store: Store) -> None:
    await store.write("a", pattern(9 * MIB), TRAITS)
    await store.write("b", b"old")

    copied = await store.copy("a", "b")

    assert copied == await store.stat("b")
    assert (copied.content_type, copied.metadata, copied.tier) == (
        TRAITS.content_type,
        TRAITS.metadata,
        TRAITS.tier,
    )
    assert await content_of(store, "b") == bytes_of(0, 9 * MIB)
    assert await content_of(store, "a") == bytes_of(0, 9 * MIB)
    with pytest.raises(ObjectConflict):
        await store.copy("a", "b", if_absent=True)


async def test_a_copy_onto_itself_changes_no_content(store: Store) -> None:
    await store.write("a", b"content", TRAITS)

    copied = await store.copy("a", "a")

    assert copied.content_type == TRAITS.content_type
    assert await content_of(store, "a") == b"content"


@pytest.mark.parametrize(
    "traits",
    [
        Traits("no type"),
        Traits("text/html\r\nSet-Cookie: a=b"),
        Traits("text/" + "x" * 300),
        Traits(metadata={"Upper": "x"}),
        Traits(metadata={"under_score": "x"}),
        Traits(metadata={"": "x"}),
        Traits(metadata={"a": ""}),
        Traits(metadata={"a": " x"}),
        Traits(metadata={"a": "ü"}),
        Traits(metadata={"a": "x\n"}),
        Traits(metadata={"a": "x" * 2048}),
    ],
)
async def test_what_not_every_store_could_keep_is_refused(store: Store, traits: Traits) -> None:
    with pytest.raises(BadParameter):
        await store.write("a", b"", traits)

    assert await keys_of(store) == []


async def test_readers_see_one_content_or_another_while_it_is_replaced(store: Store) -> None:
    contents = [bytes([number]) * (3 * MIB) for number in range(8)]
    await store.write("a", contents[0])

    async def read() -> int:
        try:
            found = await content_of(store, "a")
        except ObjectConflict:  # replaced before its first byte
            return 0
        assert found in contents
        return 1

    async def write() -> None:
        for content in contents:
            await store.write("a", content)

    _, *reads = await asyncio.gather(write(), *(read() for _ in range(10)))

    assert len(reads) == 10
