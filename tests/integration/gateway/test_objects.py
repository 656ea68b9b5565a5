"""`/v1/objects` as a client sees it, over a directory and over memory."""

from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from afterwork.stores import Stores

CSV = {"Content-Type": "text/csv", "Afterwork-Meta-Order-Id": "7", "Afterwork-Tier": "cool"}
KINDS = pytest.mark.parametrize("store", ["inbox", "memory"])


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem type of an answer."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def listed(http: httpx.AsyncClient, store: str, **query: str | int) -> list[str]:
    """The keys of all pages."""
    keys: list[str] = []
    token: str | None = None
    while True:
        asked = query if token is None else {**query, "page_token": token}
        page = (await http.get(f"/v1/objects/{store}", params=asked)).raise_for_status().json()
        keys += [one["key"] for one in page["objects"]]
        token = page["next_page_token"]
        if token is None:
            return keys


@KINDS
async def test_what_is_put_can_be_got_with_all_that_was_said_of_it(
    http: httpx.AsyncClient, store: str
) -> None:
    put = await http.put(f"/v1/objects/{store}/2030/a%20b.csv", content=b"1,2", headers=CSV)
    got = await http.get(f"/v1/objects/{store}/2030/a%20b.csv")

    assert put.status_code == 201
    assert put.headers["Location"] == f"/v1/objects/{store}/2030/a%20b.csv"
    assert put.json() == {
        "key": "2030/a b.csv",
        "name": f"{store}/2030/a b.csv",
        "size": 3,
        "etag": put.headers["ETag"].strip('"'),
        "modified_at": put.json()["modified_at"],
        "content_type": "text/csv",
        "tier": "cool",
        "metadata": {"order-id": "7"},
        "links": {"self": f"/v1/objects/{store}/2030/a%20b.csv"},
    }
    assert (got.status_code, got.content) == (200, b"1,2")
    told = {name: got.headers[name] for name in CSV}
    assert told == CSV
    assert got.headers["ETag"] == put.headers["ETag"]
    assert got.headers["Content-Length"] == "3"
    assert got.headers["Accept-Ranges"] == "bytes"
    assert parsedate_to_datetime(got.headers["Last-Modified"])


async def test_a_stored_page_does_not_run_here(http: httpx.AsyncClient) -> None:
    page = "<script>alert(1)</script>"
    await http.put("/v1/objects/inbox/ü%22.html", content=page, headers={"Content-Type": "text/html"})

    headers = (await http.get("/v1/objects/inbox/ü%22.html")).headers

    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%BC%22.html"


async def test_head_says_what_get_says(http: httpx.AsyncClient) -> None:
    await http.put("/v1/objects/inbox/a", content=b"12345", headers=CSV)

    got = await http.get("/v1/objects/inbox/a")
    head = await http.head("/v1/objects/inbox/a", headers={"Range": "bytes=0-1"})

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers
    assert (await http.head("/v1/objects/inbox/b")).status_code == 404


async def test_a_second_put_replaces_the_first(http: httpx.AsyncClient) -> None:
    first = await http.put("/v1/objects/inbox/a", content=b"one")
    second = await http.put("/v1/objects/inbox/a", content=b"two")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["ETag"] != second.headers["ETag"]
    assert "Location" not in second.headers
    assert (await http.get("/v1/objects/inbox/a")).content == b"two"


@KINDS
@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=1-3", 206, b"123", "bytes 1-3/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-100", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
async def test_a_range_is_sent_where_one_is_asked_for(
    http: httpx.AsyncClient, store: str, asked: str, status: int, content: bytes, content_range: str | None
) -> None:
    await http.put(f"/v1/objects/{store}/a", content=b"0123456789")

    got = await http.get(f"/v1/objects/{store}/a", headers={"Range": asked})

    assert (got.status_code, got.content) == (status, content)
    assert got.headers.get("Content-Range") == content_range
    assert got.headers["Content-Length"] == str(len(content))


@KINDS
async def test_a_range_beyond_the_end_is_refused_with_the_length(http: httpx.AsyncClient, store: str) -> None:
    await http.put(f"/v1/objects/{store}/a", content=b"0123456789")

    got = await http.get(f"/v1/objects/{store}/a", headers={"Range": "bytes=10-"})

    assert code(got) == (416, "range-not-satisfiable")
    assert got.headers["Content-Range"] == "bytes */10"


async def test_a_range_of_another_content_is_not_sent(http: httpx.AsyncClient) -> None:
    old = (await http.put("/v1/objects/inbox/a", content=b"old")).headers["ETag"]
    new = (await http.put("/v1/objects/inbox/a", content=b"new")).headers["ETag"]

    answers = [
        await http.get("/v1/objects/inbox/a", headers={"Range": "bytes=0-0", "If-Range": tag})
        for tag in (old, new, "Fri, 20 Nov 2026 20:00:00 GMT")
    ]

    assert [answer.status_code for answer in answers] == [200, 206, 200]


async def test_nothing_is_sent_to_whom_it_is_known(http: httpx.AsyncClient) -> None:
    tag = (await http.put("/v1/objects/inbox/a", content=b"one")).headers["ETag"]

    for method in ("GET", "HEAD"):
        known = await http.request(method, "/v1/objects/inbox/a", headers={"If-None-Match": f'"x", {tag}'})
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["ETag"] == tag
    assert (await http.get("/v1/objects/inbox/a", headers={"If-None-Match": '"x"'})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_nothing_is_done_to_another_object_than_the_one_that_is_meant(
    http: httpx.AsyncClient, method: str
) -> None:
    old = (await http.put("/v1/objects/inbox/a", content=b"old")).headers["ETag"]
    new = (await http.put("/v1/objects/inbox/a", content=b"new")).headers["ETag"]

    refused = await http.request(method, "/v1/objects/inbox/a", headers={"If-Match": old})
    assert code(refused) == (412, "object-conflict")
    assert (await http.get("/v1/objects/inbox/a")).content == b"new"

    done = await http.request(method, "/v1/objects/inbox/a", headers={"If-Match": f'"x", {new}'})
    assert done.is_success


async def test_if_match_any_needs_an_object(http: httpx.AsyncClient) -> None:
    any_one = {"If-Match": "*"}

    assert code(await http.put("/v1/objects/inbox/a", headers=any_one)) == (412, "object-conflict")
    await http.put("/v1/objects/inbox/a")
    assert (await http.put("/v1/objects/inbox/a", headers=any_one)).status_code == 200


async def test_an_object_is_made_only_once_if_that_is_asked_for(http: httpx.AsyncClient) -> None:
    new_only = {"If-None-Match": "*"}

    made = await http.put("/v1/objects/inbox/a", content=b"one", headers=new_only)
    refused = await http.put("/v1/objects/inbox/a", content=b"two", headers=new_only)

    assert made.status_code == 201
    assert code(refused) == (412, "object-conflict")
    assert (await http.get("/v1/objects/inbox/a")).content == b"one"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"If-None-Match": '"x"'}, (400, "bad-parameter")),
        ({"Content-Range": "bytes 0-1/2"}, (400, "bad-parameter")),
        ({"Content-Encoding": "gzip"}, (415, "unsupported-media-type")),
        ({"Content-Type": "nonsense"}, (400, "bad-parameter")),
        ({"Afterwork-Tier": "warm"}, (400, "bad-parameter")),
        ({"Afterwork-Meta-": "x"}, (400, "bad-parameter")),
        ({"Afterwork-Meta-A": "x" * 2048}, (400, "bad-parameter")),
        ({"Afterwork-Meta-Afterwork-Sha256": "00"}, (400, "bad-parameter")),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    http: httpx.AsyncClient, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = await http.put("/v1/objects/inbox/a", content=b"x", headers=headers)

    assert code(answer) == expected
    assert await listed(http, "inbox") == []


@KINDS
async def test_a_removed_object_is_gone(http: httpx.AsyncClient, store: str) -> None:
    await http.put(f"/v1/objects/{store}/a", content=b"x")

    removed = await http.delete(f"/v1/objects/{store}/a")

    assert (removed.status_code, removed.content) == (204, b"")
    assert code(await http.get(f"/v1/objects/{store}/a")) == (404, "object-missing")
    assert code(await http.delete(f"/v1/objects/{store}/a")) == (404, "object-missing")


@KINDS
async def test_objects_are_listed_page_by_page(http: httpx.AsyncClient, store: str) -> None:
    keys = [f"{folder}/{number}" for folder in ("a", "b") for number in range(5)]
    for key in keys:
        await http.put(f"/v1/objects/{store}/{key}", content=b"x")

    for size in (1, 3, 10, 500):
        assert await listed(http, store, page_size=size) == keys
    assert await listed(http, store, prefix="b/") == keys[5:]
    assert await listed(http, store, prefix="b/3") == ["b/3"]
    assert await listed(http, store, prefix="c") == []


async def test_a_list_tells_what_is_known_of_each(http: httpx.AsyncClient) -> None:
    put = (await http.put("/v1/objects/inbox/a", content=b"12345", headers=CSV)).json()

    [one] = (await http.get("/v1/objects/inbox")).json()["objects"]

    assert one == {name: value for name, value in put.items() if name not in {"metadata", "name"}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page_size=0", (400, "bad-parameter")),
        ("page_size=501", (400, "bad-parameter")),
        ("page_token=%FF", (400, "bad-parameter")),
        ("page_token=____", (400, "bad-parameter")),
        ("page_token=YQ", (400, "bad-parameter")),
        ("prefix=", (400, "bad-parameter")),
        ("prefix=a&prefix=b", (400, "bad-parameter")),
        ("colour=red", (400, "bad-parameter")),
        ("prefix=../", (400, "invalid-key")),
    ],
)
async def test_a_list_that_cannot_be_meant_is_refused(
    http: httpx.AsyncClient, query: str, expected: tuple[int, str]
) -> None:
    assert code(await http.get(f"/v1/objects/inbox?{query}")) == expected


async def test_stores_are_listed(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/objects")).json() == {"stores": [{"name": "inbox"}, {"name": "memory"}]}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_a_store_that_nobody_has_named_is_missing(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/v1/objects/outbox/a")

    assert answer.status_code == 404
    assert (await http.get("/v1/objects/outbox")).status_code == 404


async def test_a_store_that_is_gone_is_unavailable_and_the_gateway_is_not(
    http: httpx.AsyncClient, stores: Stores, tmp_path: Path
) -> None:
    await http.put("/v1/objects/inbox/a", content=b"x")
    (tmp_path / "inbox").rename(tmp_path / "away")

    for method in ("GET", "PUT", "DELETE"):
        answer = await http.request(method, "/v1/objects/inbox/a")
        assert code(answer) == (503, "store-unavailable")
        assert str(tmp_path) not in answer.text
    assert (await http.get("/readyz")).status_code == 200
