"""`image.analyze`: from an object to its document, in a sandbox."""

import asyncio
import json
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.integration.images.workplace import Workplace
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer, wait_until
from tests.unit.images.samples import PHOTO, encoded, picture, png

from afterwork.contracts.images import AnalyzeImage, ImageFeature
from afterwork.engine.work.outcome import Done, Failed, Outcome, Retry
from afterwork.stores import ObjectReader, Store, Traits
from afterwork.testing import work
from processor.images.analyst import MAX_BYTES, Analyst
from processor.jobs import jobs

PHOTOGRAPH = PHOTO.read_bytes()


async def analyze(workplace: Workplace, **fields: Any) -> Outcome:  # noqa: ANN401 - of the payload
    wanted = AnalyzeImage(**{"object": "inbox/photo.jpg", **fields})
    return await work(jobs, wanted, parts=[workplace.analyst])


def document(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    found: dict[str, Any] = json.loads(outcome.result)
    return found


def problem(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Failed | Retry), outcome
    found: dict[str, Any] = json.loads(outcome.problem)
    return found


async def test_the_result_is_the_document_that_is_stored(workplace: Workplace) -> None:
    # given
    info = await workplace.inbox.write("photo.jpg", PHOTOGRAPH)

    # when
    shown = document(await analyze(workplace))

    # then
    stored = await workplace.documents.get("images", shown["id"])
    body = shown["body"]
    assert shown == stored.model_dump(mode="json")
    assert (body["object"], body["etag"], body["bytes"]) == ("inbox/photo.jpg", info.etag, len(PHOTOGRAPH))
    assert (body["metadata"]["format"], body["metadata"]["width"]) == ("JPEG", 640)
    assert body["features"] == ["metadata", "color", "hash"]
    assert body["notes"] == []


async def test_the_same_content_is_the_same_document(workplace: Workplace) -> None:
    await workplace.inbox.write("photo.jpg", PHOTOGRAPH)

    first, again = [document(await analyze(workplace)) for _ in range(2)]

    assert again == first


async def test_new_content_is_a_new_document(workplace: Workplace) -> None:
    # given
    await workplace.inbox.write("photo.jpg", PHOTOGRAPH)
    first = document(await analyze(workplace))

    # when
    await workplace.inbox.write("photo.jpg", encoded(picture(), "JPEG"))
    second = document(await analyze(workplace))

    # then
    page = await workplace.documents.find("images", {"object": "inbox/photo.jpg"})
    assert [one.id for one in page.documents] == [second["id"], first["id"]]


async def test_the_document_says_what_was_asked_last(workplace: Workplace) -> None:
    await workplace.inbox.write("photo.jpg", PHOTOGRAPH)
    first = document(await analyze(workplace))

    second = document(await analyze(workplace, features=["hash"], collection="images"))

    assert second["id"] == first["id"]
    assert second["version"] == 2
    assert "color" not in second["body"]


async def test_a_collection_can_be_chosen(workplace: Workplace) -> None:
    await workplace.inbox.write("photo.jpg", PHOTOGRAPH)

    shown = document(await analyze(workplace, collection="holidays"))

    assert shown["collection"] == "holidays"
    assert [one.name for one in await workplace.documents.collections()] == ["holidays"]


@pytest.mark.parametrize(
    ("key", "declared", "notes"),
    [
        ("photo.png", None, ["its name ends in .png, but its content is JPEG"]),
        ("photo.JPG", "image/jpeg", []),
        ("photo", "application/octet-stream", []),
        ("photo.txt", "IMAGE/JPEG; charset=binary", []),
        ("photo.jpg", "image/png", ["it was stored as image/png, but its content is image/jpeg"]),
    ],
)
async def test_what_lies_about_its_format_is_told_by_its_content(
    workplace: Workplace, key: str, declared: str | None, notes: list[str]
) -> None:
    await workplace.inbox.write(key, PHOTOGRAPH, Traits(content_type=declared))

    body = document(await analyze(workplace, object=f"inbox/{key}"))["body"]

    assert body["content_type"] == "image/jpeg"
    assert body["notes"] == notes


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the object is empty"),
        (b"dear reader", "no image of a known format"),
        (PHOTOGRAPH[:50_000], "the JPEG cannot be decoded"),
        (png(20_000, 20_000), "the image claims 20,000 × 20,000 pixels"),
    ],
)
async def test_what_is_no_image_fails_at_once_and_leaves_no_document(
    workplace: Workplace, content: bytes, fault: str
) -> None:
    await workplace.inbox.write("photo.jpg", content)

    outcome = await analyze(workplace)

    assert isinstance(outcome, Failed)
    assert problem(outcome)["type"] == "/problems/input-invalid"
    assert fault in problem(outcome)["detail"]
    assert await workplace.documents.collections() == []


@pytest.mark.parametrize("name", ["inbox/missing.jpg", "nowhere/photo.jpg"])
async def test_an_object_that_is_not_there_fails_at_once(workplace: Workplace, name: str) -> None:
    outcome = await analyze(workplace, object=name)

    assert isinstance(outcome, Failed)
    assert problem(outcome)["type"] == "/problems/input-invalid"
    assert name.partition("/")[0] in problem(outcome)["detail"]


async def test_an_object_that_is_too_large_is_not_fetched(workplace: Workplace, tmp_path: Path) -> None:
    await workplace.inbox.write("photo.jpg", b"")
    os.truncate(tmp_path / "inbox" / "photo.jpg", MAX_BYTES + 1)

    outcome = await analyze(workplace)

    assert isinstance(outcome, Failed)
    assert "67,108,865 bytes, more than the 67,108,864 of an image" in problem(outcome)["detail"]


class ShortReader:
    """Says more than it has, as when the object is cut off while it is read."""

    def __init__(self, reader: ObjectReader) -> None:
        self.info = replace(reader.info, size=reader.info.size + 1)
        self._reader = reader

    def chunks(self) -> AsyncIterator[bytes]:
        return self._reader.chunks()


class ChangingStores:
    """Stores whose objects change while they are read."""

    def __init__(self, store: Store) -> None:
        self.store, self.key = self, "photo.jpg"
        self._inner = store

    def find(self, _name: str) -> "ChangingStores":
        return self

    @asynccontextmanager
    async def read(self, key: str) -> AsyncIterator[ShortReader]:
        async with self._inner.read(key) as reader:
            yield ShortReader(reader)


async def test_an_object_that_changes_while_it_is_read_is_tried_again(workplace: Workplace) -> None:
    await workplace.inbox.write("photo.jpg", PHOTOGRAPH)
    analyst: Any = Analyst(ChangingStores(workplace.inbox), workplace.documents, None)  # type: ignore[arg-type]

    outcome = await work(jobs, AnalyzeImage(object="inbox/photo.jpg"), parts=[analyst])

    assert isinstance(outcome, Retry)
    assert "changed while it was read" in problem(outcome)["detail"]


async def test_documents_that_are_away_are_tried_again(workplace: Workplace, tmp_path: Path) -> None:
    await workplace.inbox.write("photo.jpg", PHOTOGRAPH)
    with closing(sqlite3.connect(tmp_path / "documents.sqlite")) as connection:
        connection.execute("DROP TABLE afterwork_documents")

    outcome = await analyze(workplace)

    assert isinstance(outcome, Retry)
    assert "documents" in problem(outcome)["detail"]


async def test_many_at_once_are_all_described_and_leave_no_files(
    workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for number in range(30):
        await workplace.inbox.write(f"{number}.jpg", encoded(picture(size=(30, number + 1)), "JPEG"))

    # when
    outcomes = await asyncio.gather(
        *(analyze(workplace, object=f"inbox/{number}.jpg", features=["metadata"]) for number in range(30))
    )

    # then
    heights = [document(outcome)["body"]["metadata"]["height"] for outcome in outcomes]
    assert heights == list(range(1, 31))
    assert not list(tmp_path.glob("afterwork-image-*"))  # noqa: ASYNC240 - nothing else runs here


async def test_a_cancelled_analysis_leaves_no_process_and_no_file(
    workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await workplace.inbox.write("photo.jpg", png(8_000, 8_000))
    running = asyncio.create_task(workplace.analyst.describe(AnalyzeImage(object="inbox/photo.jpg")))
    async with asyncio.timeout(30):
        while not _busy_children():
            await asyncio.sleep(0.01)

    # when
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    # then
    await asyncio.to_thread(wait_until, lambda: not _busy_children(), what="the child is gone")
    assert not list(tmp_path.glob("afterwork-image-*"))  # noqa: ASYNC240 - nothing else runs here


def _busy_children() -> list[psutil.Process]:
    """Processes that the sandbox's fork server has for calls."""
    servers = [one for one in psutil.Process().children() if "afterwork.sandbox.server" in one.cmdline()]
    return [call for server in servers for call in server.children()]


def test_a_gateway_and_a_processor_describe_an_image_together(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    # given
    (tmp_path / "inbox").mkdir()
    settings = variables(
        redis__url=redis_server.url,
        documents__url=f"sqlite:///{tmp_path}/documents.sqlite",
        stores__inbox__url=f"file://{tmp_path}/inbox",
    )
    (tmp_path / "inbox" / "photo.jpg").write_bytes(PHOTOGRAPH)
    job = {"kind": "image.analyze", "payload": {"object": "inbox/photo.jpg", "features": ["color"]}}
    with (
        ServiceProcess("gateway", None, **settings) as gateway,
        ServiceProcess("processor", None, **settings),
    ):
        # when
        answer = httpx.post(f"{gateway.url}/v1/jobs", json=job, headers={"Prefer": "wait=30"}, timeout=40)

        # then
        result = answer.json()["result"]
        assert answer.status_code == 200, answer.text
        assert gateway.get(f"/v1/documents/images/{result['id']}").json() == result
        found = gateway.get("/v1/documents/images?object=inbox/photo.jpg").json()["documents"]
        assert found == [result]


def test_features_are_asked_for_once_and_in_one_order() -> None:
    wanted = AnalyzeImage(object="inbox/a.jpg", features=("hash", "color", "hash"))

    assert wanted.features == (ImageFeature.COLOR, ImageFeature.HASH)
