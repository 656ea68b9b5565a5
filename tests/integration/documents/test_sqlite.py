"""A file that several processes write, and places where no file can be."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.processes import EndedEarlyError, ServiceProcess
from tests.servers import RedisServer

from afterwork.documents import Documents, UnfitDatabase

WRITER = """
import asyncio, sys
from afterwork.documents import Documents

async def main(url, name, count):
    async with Documents.open(url) as documents:
        for n in range(count):
            new = documents.put("images", f"{name}-{n}", {"n": n})
            shared = documents.put("shared", "one", {"by": f"{name}-{n}"})
            await asyncio.gather(new, shared)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/documents.sqlite"


def writer(url: str, name: str, count: int) -> "subprocess.Popen[bytes]":
    """A process that writes so many documents, and changes one so many times."""
    return subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, url, name, str(count)])


async def test_processes_that_write_at_the_same_time_lose_nothing(url: str) -> None:
    # given
    writers = [writer(url, name, 100) for name in "abcd"]

    # when
    codes = [await asyncio.to_thread(process.wait, 60) for process in writers]

    # then
    assert codes == [0] * 4
    async with Documents.open(url) as documents:
        assert {one.name: one.documents for one in await documents.collections()} == {
            "images": 400,
            "shared": 1,
        }
        assert (await documents.get("shared", "one")).version == 400


async def test_readers_see_whole_documents_while_others_write(url: str) -> None:
    async with Documents.open(url) as documents:
        await documents.put("images", "a", {"x": 0, "y": "0" * 100_000})
        writing = asyncio.gather(
            *(documents.put("images", "a", {"x": n, "y": str(n % 10) * 100_000}) for n in range(1, 50))
        )

        while not writing.done():
            body = (await documents.get("images", "a")).body
            assert body["y"] == str(int(str(body["x"])) % 10) * 100_000
        await writing


async def test_a_writer_that_is_killed_leaves_whole_documents(url: str) -> None:
    async with Documents.open(url) as documents:
        # given
        with writer(url, "a", 100_000) as process:
            try:
                async with asyncio.timeout(30):
                    while not (await documents.find("images")).documents:
                        await asyncio.sleep(0.01)

            # when
            finally:
                process.kill()

        # then
        page = await documents.find("images", page_size=500)
        assert page.documents
        assert all(document.body == {"n": int(document.id[2:])} for document in page.documents)
        assert (await documents.put("images", "z", {})).version == 1


async def test_a_file_is_never_made_in_a_folder_that_is_missing(tmp_path: Path) -> None:
    for place in (tmp_path / "missing", tmp_path / "missing" / "deeper"):
        with pytest.raises(UnfitDatabase, match=f"folder {place} is missing"):
            async with Documents.open(f"sqlite:///{place}/documents.sqlite"):
                pass

    assert not (tmp_path / "missing").exists()


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, url: str) -> None:
    file = tmp_path / "documents.sqlite"
    file.write_bytes(b"precious " * 1000)

    with pytest.raises(UnfitDatabase, match="not a database"):
        async with Documents.open(url):
            pass

    assert file.read_bytes() == b"precious " * 1000


async def test_the_folder_of_the_default_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async with Documents.open("sqlite:///.afterwork/documents.sqlite") as documents:
        await documents.put("images", "a", {})

    assert (tmp_path / ".afterwork" / "documents.sqlite").exists()


@pytest.mark.parametrize("service", ["gateway", "processor"])
def test_a_service_whose_documents_have_no_folder_says_so_in_one_line(
    redis_server: RedisServer, tmp_path: Path, service: str
) -> None:
    settings = {
        "AFTERWORK_REDIS__URL": redis_server.url,
        "AFTERWORK_DOCUMENTS__URL": f"sqlite:///{tmp_path}/missing/documents.sqlite",
    }
    process = ServiceProcess(service, tmp_path / "log", **settings)

    with pytest.raises(EndedEarlyError, match="ended with 1"):
        process.start()

    line = f"afterwork: the documents' folder {tmp_path}/missing is missing: create it, or mount it\n"
    assert process.log == line
