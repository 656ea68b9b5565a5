"""Reading documents over REST."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from afterwork.documents import Documents

PHOTOS: dict[str, dict[str, JsonValue]] = {
    "a": {"object": "inbox/a.jpg", "metadata": {"format": "JPEG", "width": 640}},
    "b": {"object": "inbox/b.png", "metadata": {"format": "PNG", "width": 640}},
    "c": {"object": "inbox/c.jpg", "metadata": {"format": "JPEG", "width": 800, "dark": True}},
}


@pytest.fixture(autouse=True)
async def photos(documents: Documents) -> None:
    for name, body in PHOTOS.items():
        await documents.put("images", name, body)
    await documents.put("tables", "t", {"rows": 3})


async def ids(http: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await http.get(f"/v1/documents/images?{query}")
    assert answer.status_code == 200, answer.text
    return [document["id"] for document in answer.json()["documents"]]


async def test_collections_are_listed_with_their_sizes(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/documents")

    assert answer.json() == {
        "collections": [{"name": "images", "documents": 3}, {"name": "tables", "documents": 1}]
    }


async def test_a_document_is_shown_with_what_is_known_of_it(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/documents/images/a")

    shown = answer.json()
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{shown["etag"]}"'
    assert shown["body"] == PHOTOS["a"]
    assert (shown["id"], shown["collection"], shown["version"]) == ("a", "images", 1)
    assert shown["created_at"].endswith("Z")


async def test_an_unchanged_document_is_not_sent_again_and_a_changed_one_is(
    http: httpx.AsyncClient, documents: Documents
) -> None:
    # given
    tag = (await http.get("/v1/documents/images/a")).headers["etag"]

    # when
    unchanged = await http.get("/v1/documents/images/a", headers={"If-None-Match": tag})
    await documents.put("images", "a", {"x": 1})
    changed = await http.get("/v1/documents/images/a", headers={"If-None-Match": tag})

    # then
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tag
    assert (changed.status_code, changed.json()["body"]) == (200, {"x": 1})
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("path", ["images/z", "nothing/a", "images/%00", "IMAGES/a", "images/a%2Fb"])
async def test_a_document_that_is_not_there_is_missing(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"/v1/documents/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_newest_come_first_unless_ids_are_asked_for(http: httpx.AsyncClient) -> None:
    assert await ids(http) == ["c", "b", "a"]
    assert await ids(http, "order=id") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("metadata.format=JPEG", ["c", "a"]),
        ("metadata.format=JPEG&metadata.width=800", ["c"]),
        ("metadata.width=640", ["b", "a"]),
        ("metadata.dark=true", ["c"]),
        ("object=inbox%2Fb.png", ["b"]),
        ("object=inbox%2Fz.png", []),
        ("object=%00", []),
    ],
)
async def test_documents_are_found_by_their_fields(
    http: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    assert await ids(http, query) == expected


async def test_pages_lead_through_what_was_asked_for(http: httpx.AsyncClient) -> None:
    first = (await http.get("/v1/documents/images?metadata.format=JPEG&page_size=1")).json()
    token = first["next_page_token"]
    last = (
        await http.get(f"/v1/documents/images?metadata.format=JPEG&page_size=1&page_token={token}")
    ).json()

    assert [page["documents"][0]["id"] for page in (first, last)] == ["c", "a"]
    assert last["next_page_token"] is None


async def test_a_collection_that_nobody_has_used_is_empty(http: httpx.AsyncClient) -> None:
    for name in ("nothing", "%00", "NOT%20ONE"):
        answer = await http.get(f"/v1/documents/{name}")
        assert (answer.status_code, answer.json()) == (200, {"documents": [], "next_page_token": None})


@pytest.mark.parametrize("query", ["page_size=0", "page_token=x", "a..b=1", "x=1&x=2", "order=oldest", "$=1"])
async def test_a_query_that_cannot_be_meant_is_refused(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/v1/documents/images?{query}")

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/bad-parameter"


async def test_a_database_that_is_gone_is_told_as_such(http: httpx.AsyncClient, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "documents.sqlite")) as connection:
        connection.execute("DROP TABLE afterwork_documents")

    for path in ("", "/images", "/images/a"):
        answer = await http.get(f"/v1/documents{path}")
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/documents-unavailable"
