"""Which keys every store takes, and how it lists them."""

import pytest
from tests.integration.stores.contents import content_of, keys_of

from afterwork.errors import InvalidKey
from afterwork.stores import Store

pytestmark = pytest.mark.timeout(300)  # the first of these tests may install Azurite

STRANGE = [
    "a b/c d.csv",
    "%2e%2e/x",
    "x%2Fy",
    "%41",
    "ü/日本/💥",
    'q?#[]{}~|^`<>"*',
    "a:b@c&d=e+f,g;h'()!$",
    "...",
    "-rf",
    ".hidden",
    "end.",
    "e\u0301",
    "x" * 255,
    "/".join(["y" * 40] * 20),
]
IMPOSSIBLE = [
    "", "/", "a/", "/a", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\\b", "a\0b", "a\nb", "\x7f", "\u202e",
    "\ud800", "x" * 901, "é" * 451, ".afterwork", ".afterwork/x", ".AfterWork/writing/x",
]  # fmt: skip


@pytest.mark.parametrize("key", STRANGE)
async def test_a_key_comes_back_as_it_was_given(store: Store, key: str) -> None:
    await store.write(key, b"content")

    assert await keys_of(store) == [key]
    assert await content_of(store, key) == b"content"
    await store.delete(key)
    assert await keys_of(store) == []


@pytest.mark.parametrize("key", IMPOSSIBLE)
async def test_a_key_that_cannot_be_is_refused_by_everything(store: Store, key: str) -> None:
    await store.write("a", b"content")

    for asking in (
        store.stat(key),
        content_of(store, key),
        store.write(key, b""),
        store.delete(key),
        store.copy("a", key),
        store.copy(key, "b"),
    ):
        with pytest.raises(InvalidKey):
            await asking
    assert await keys_of(store) == ["a"]


async def test_objects_are_listed_by_key(store: Store) -> None:
    keys = ["Z", "a", "a-b", "a/b", "a/b/c", "a/ü", "a0", "b"]
    for key in reversed(keys):
        if not (key in {"a", "a/b"} and store.is_local):
            await store.write(key, b"12345")

    found = await keys_of(store)

    assert found == [key for key in keys if not (key in {"a", "a/b"} and store.is_local)]


async def test_a_list_begins_where_it_is_told_to_and_holds_what_begins_as_it_is_told_to(store: Store) -> None:
    keys = [f"{folder}/{number:02}" for folder in ("2029", "2030", "2030-x") for number in range(10)]
    for key in keys:
        await store.write(key, b"")

    for prefix in ("", "2", "2030", "2030/", "2030/0", "2030/05", "2030/05/", "2031", "2030-x/00"):
        expected = sorted(key for key in keys if key.startswith(prefix))
        assert await keys_of(store, prefix) == expected
        for after in ("2029/09", "2030/04", "2030/045", "2030", "3", "2030-x/00"):
            assert await keys_of(store, prefix, after=after) == [key for key in expected if key > after]


async def test_a_list_tells_size_etag_and_time(store: Store) -> None:
    written = await store.write("a", b"12345")

    [listed] = [info async for info in store.list()]

    assert (listed.size, listed.etag) == (5, written.etag)
    assert listed.modified_at == written.modified_at


@pytest.mark.parametrize("prefix", ["/", "a//", "../", "a/../b", "\0", ".afterwork/"])
async def test_a_prefix_with_which_no_key_begins_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(InvalidKey):
        await keys_of(store, prefix)
