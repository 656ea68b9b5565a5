"""What documents do, whatever database keeps them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from afterwork.documents import Documents
from afterwork.errors import DocumentMissing

PHOTO: dict[str, JsonValue] = {
    "metadata": {"format": "JPEG", "width": 640, "exif": {"Model": "Ünï ✓ 🜚"}},
    "notes": [],
    "n": None,
}


async def test_what_was_put_is_got_as_it_was(documents: Documents) -> None:
    put = await documents.put("images", "a", PHOTO)

    got = await documents.get("images", "a")

    assert got == put
    assert got.body == PHOTO
    assert (got.collection, got.id, got.version) == ("images", "a", 1)
    assert got.created_at == got.updated_at


@pytest.mark.parametrize(
    "value",
    [
        *(0, -1, 2**53, 0.1, -1e-9, 1e22, True, False, None, "", " ", 'it\'s "quoted" \\ \\u0000'),
        *("line\nbreak\ttab", "🜚", [], {}, [1, [2, {"x": [None]}]], {"": {"a.b": 1}}),
    ],
    ids=repr,
)
async def test_every_json_value_is_kept(documents: Documents, value: Any) -> None:  # noqa: ANN401 - any JSON
    await documents.put("images", "a", {"value": value})

    kept = (await documents.get("images", "a")).body["value"]

    assert kept == value
    assert isinstance(kept, bool) == isinstance(value, bool)


async def test_what_is_not_there_is_missing(documents: Documents) -> None:
    await documents.put("images", "a", {})

    for collection, document_id in [
        ("images", "b"),
        ("tables", "a"),
        ("images", "A"),
        ("\0", "a"),
        ("images", "\0"),
    ]:
        with pytest.raises(DocumentMissing):
            await documents.get(collection, document_id)


async def test_a_put_replaces_and_counts(url: str) -> None:
    # given
    times = iter(datetime(2030, 1, 1, tzinfo=UTC) + timedelta(microseconds=number) for number in range(3))
    async with Documents.open(url, clock=lambda: next(times)) as documents:
        first = await documents.put("images", "a", {"x": 1, "y": 2})

        # when
        second = await documents.put("images", "a", {"x": 1})

    # then
    assert second.body == {"x": 1}
    assert (first.version, second.version) == (1, 2)
    assert first.etag != second.etag
    assert second.created_at == first.created_at
    assert second.updated_at == datetime(2030, 1, 1, 0, 0, 0, 1, tzinfo=UTC)


async def test_the_same_body_again_changes_nothing(documents: Documents) -> None:
    first = await documents.put("images", "a", {"x": 1, "y": [1.5, None]})

    again = await documents.put("images", "a", {"y": [1.5, None], "x": 1})

    assert again == first


async def test_a_body_that_comes_back_has_a_tag_of_its_own(documents: Documents) -> None:
    tags = [(await documents.put("images", "a", {"x": value})).etag for value in (1, 2, 1)]

    assert len(set(tags)) == 3


async def test_puts_at_the_same_time_all_count(documents: Documents) -> None:
    puts = [documents.put("images", "a", {"x": value}) for value in range(20)]

    versions = {document.version for document in await asyncio.gather(*puts)}

    assert versions == set(range(1, 21))


@pytest.mark.parametrize(
    ("collection", "document_id", "body", "fault"),
    [
        ("Images", "a", {}, "no collection"),
        ("", "a", {}, "no collection"),
        ("images", "", {}, "no collection"),
        ("images", "..", {}, "no collection"),
        ("images", "a/b", {}, "no collection"),
        ("images", "a" * 201, {}, "no collection"),
        ("images", "a\n", {}, "no collection"),
        ("images\n", "a", {}, "no collection"),
        ("images", "a", {"x": float("nan")}, "not JSON compliant"),
        ("images", "a", {"x": "a\0b"}, "NUL"),
        ("images", "a", {"a\0b": 1}, "NUL"),
        ("images", "a", {"x": "\\\0"}, "NUL"),
        ("images", "a", {"x": "\ud800"}, "surrogate"),
        ("images", "a", {"x": object()}, "no JSON"),
        ("images", "a", {"x": "y" * 2**20}, "1,048,584 bytes"),
    ],
)
async def test_what_cannot_be_kept_everywhere_is_kept_nowhere(
    documents: Documents, collection: str, document_id: str, body: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        await documents.put(collection, document_id, body)

    assert await documents.collections() == []


async def test_a_body_of_a_mebibyte_is_kept(documents: Documents) -> None:
    body = {"x": "y" * (2**20 - 8)}

    await documents.put("images", "a", body)

    assert (await documents.get("images", "a")).body == body


async def test_collections_are_counted(documents: Documents) -> None:
    for collection, name in [("tables", "a"), ("images", "a"), ("images", "b")]:
        await documents.put(collection, name, {})

    counted = {one.name: one.documents for one in await documents.collections()}

    assert counted == {"images": 2, "tables": 1}
    assert list(counted) == ["images", "tables"]


async def test_documents_outlive_the_process(url: str) -> None:
    async with Documents.open(url) as documents:
        put = await documents.put("images", "a", PHOTO)

    async with Documents.open(url) as documents:
        assert await documents.get("images", "a") == put


async def test_all_who_open_at_the_same_time_find_the_table(url: str) -> None:
    async def put(number: int) -> None:
        async with Documents.open(url) as documents:
            await documents.put("images", str(number), {})

    await asyncio.gather(*(put(number) for number in range(10)))

    async with Documents.open(url) as documents:
        assert len((await documents.find("images")).documents) == 10
