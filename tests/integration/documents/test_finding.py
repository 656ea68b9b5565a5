"""Documents are found by their fields and shown page by page, whatever database keeps them."""

from typing import Any

import pytest
from pydantic import JsonValue

from afterwork.documents import Documents
from afterwork.errors import BadParameter


async def ids(documents: Documents, where: dict[str, Any] | None = None, **asked: Any) -> list[str]:  # noqa: ANN401
    """Of all documents of the collection `images` that are found, in their order."""
    page = await documents.find("images", where, **asked)
    assert page.next_page_token is None
    return [document.id for document in page.documents]


async def test_the_newest_come_first_and_a_change_moves_nothing(documents: Documents) -> None:
    for name in "bca":
        await documents.put("images", name, {})

    await documents.put("images", "b", {"changed": True})

    assert await ids(documents) == ["a", "c", "b"]


async def test_ids_are_in_the_order_of_their_code_points(documents: Documents) -> None:
    for name in ("b", "B", "a10", "a-1", "a1", "A", "_a", "a_1", "a.1", "0"):
        await documents.put("images", name, {})

    found = await ids(documents, order="id")

    assert found == sorted(found)
    assert len(found) == 10


@pytest.mark.parametrize("order", ["newest", "id"])
async def test_pages_lead_through_all_documents_whatever_is_added(documents: Documents, order: Any) -> None:  # noqa: ANN401
    # given
    for number in range(7):
        await documents.put("images", f"m{number}", {"odd": number % 2})
    await documents.put("others", "m9", {"odd": 1})

    # when
    seen: list[str] = []
    token = None
    while True:
        page = await documents.find("images", order=order, page_size=3, page_token=token)
        seen += [document.id for document in page.documents]
        token = page.next_page_token
        if token is None:
            break
        await documents.put("images", f"a{len(seen)}", {})  # newest, and first by id

    # then
    expected = [f"m{number}" for number in range(7)]
    assert seen == (expected[::-1] if order == "newest" else expected)


async def test_a_page_that_is_just_full_is_the_last(documents: Documents) -> None:
    for number in range(3):
        await documents.put("images", str(number), {})

    page = await documents.find("images", page_size=3)

    assert len(page.documents) == 3
    assert page.next_page_token is None


@pytest.mark.parametrize(
    "token",
    ["", "x", "=", "bmV3ZXN0Og", "bmV3ZXN0Oi0x", "aWQ6YQ", "🜚", "bmV3ZXN0Ojk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"],
)
async def test_a_token_from_elsewhere_is_refused(documents: Documents, token: str) -> None:
    with pytest.raises(BadParameter):
        await documents.find("images", page_token=token)


FOUND: dict[str, dict[str, JsonValue]] = {
    "integer": {"v": {"x": 1}},
    "real": {"v": {"x": 1.5}},
    "whole": {"v": {"x": 2.0}},
    "text": {"v": {"x": "1"}},
    "true": {"v": {"x": True}},
    "false": {"v": {"x": False}},
    "null": {"v": {"x": None}},
    "list": {"v": {"x": [1]}},
    "in-list": {"v": [{"x": 1}]},
    "object": {"v": {"x": {"y": 1}}},
    "none": {"w": 1},
    "quote": {"v": {"x": 'it\'s "so"'}},
}


@pytest.mark.parametrize(
    ("path", "wanted", "expected"),
    [
        ("v.x", 1, ["integer"]),
        ("v.x", 1.0, ["integer"]),
        ("v.x", 1.5, ["real"]),
        ("v.x", 2, ["whole"]),
        ("v.x", "1", ["text"]),
        ("v.x", ("1", 1), ["integer", "text"]),
        ("v.x", True, ["true"]),
        ("v.x", False, ["false"]),
        ("v.x", None, ["null"]),
        ("v.x", 0, []),
        ("v.x", "true", []),
        ("v.x", "null", []),
        ("v.x", "[1]", []),
        ("v.x", '{"y":1}', []),
        ("v.x", 'it\'s "so"', ["quote"]),
        ("v.x", "a\0b", []),
        ("v.x", 10**30, []),
        ("v.x", -(10**30), []),
        ("v.x", (), []),
        ("v.x.y", 1, ["object"]),
        ("v", 1, []),
        ("w", 1, ["none"]),
        ("x", 1, []),
    ],
)
async def test_a_field_is_found_by_its_value_and_type(
    documents: Documents,
    path: str,
    wanted: Any,  # noqa: ANN401 - any scalars
    expected: list[str],
) -> None:
    for name, body in FOUND.items():
        await documents.put("images", name, body)

    assert await ids(documents, {path: wanted}, order="id") == sorted(expected)


async def test_several_fields_must_all_be_met(documents: Documents) -> None:
    for name, x, y in [("a", 1, 1), ("b", 1, 2), ("c", 2, 1)]:
        await documents.put("images", name, {"x": x, "in": {"y": y}})

    assert await ids(documents, {"x": 1, "in.y": 1}) == ["a"]


@pytest.mark.parametrize(
    "path", ["", ".", "a.", "a..b", "a b", "a'b", 'a"b', "$", "a[0]", "a\n", "é", ".".join("abcdefghi")]
)
async def test_a_path_that_cannot_be_is_refused(documents: Documents, path: str) -> None:
    with pytest.raises(BadParameter, match="no path"):
        await documents.find("images", {path: 1})


async def test_a_collection_that_cannot_be_is_empty(documents: Documents) -> None:
    for name in ("", "\0", "no such", "A", "x" * 1000):
        assert (await documents.find(name)).documents == []
