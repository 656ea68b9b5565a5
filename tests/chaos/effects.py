"""What real jobs leave behind: mails, tables, copies and documents; none may be missing, and doubles are counted."""

import asyncio
import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from PIL import Image
from tests.servers import free_port

from afterwork.contracts import Contract
from afterwork.contracts.archiver import ArchiveObjects
from afterwork.contracts.images import AnalyzeImage
from afterwork.contracts.notifier import SendNotification
from afterwork.contracts.tables import ProcessTable
from afterwork.documents import Documents
from afterwork.stores import Stores
from afterwork.stores.settings import StoreSettings

STORES = ("inbox", "results", "images", "archive", "receipts")
IMAGES = 5
FILES = 20
FILE_SIZE = 200_000


@dataclass(slots=True)
class Mailbox:
    """A mail server that nobody kills. received: how often each Message-ID came.

    seconds: from the arrival of a mail until the client is told that it was taken.
    """

    seconds: float = 0.0
    port: int = field(default_factory=free_port)
    received: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        lines = (envelope.original_content or b"").decode().splitlines()
        self.received.update(
            line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("message-id:")
        )
        await asyncio.sleep(self.seconds)
        return "250 taken"

    @property
    def mails(self) -> Counter[str]:
        """Job id → how many mails came. The id stands before the @, alone or followed by what tells its mails apart."""
        arrived: Counter[str] = Counter()
        for message_id, count in self.received.items():
            arrived[message_id.strip("<>").partition("@")[0][:36]] += count
        return arrived


@contextmanager
def mailbox(seconds: float = 0.0) -> Iterator[Mailbox]:
    """A mail server in a thread of this process."""
    box = Mailbox(seconds)
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass(frozen=True, slots=True)
class Places:
    """Where the services keep what they make."""

    directory: Path

    @property
    def settings(self) -> dict[str, str]:
        """Of every process of the system, by the names of `variables`."""
        stores = {f"stores__{name}__url": self._url(name) for name in STORES}
        return {**stores, "documents__url": self.documents}

    @property
    def documents(self) -> str:
        """The URL of the database."""
        return f"sqlite:///{self.directory}/documents.sqlite"

    @property
    def stores(self) -> dict[str, StoreSettings]:
        """The same stores, to look into."""
        return {name: StoreSettings(url=self._url(name)) for name in STORES}

    def _url(self, name: str) -> str:
        return f"file://{self.directory}/stores/{name}"


async def prepare(places: Places, random: Random) -> None:
    """Put objects into the stores, for jobs to work on."""
    async with Stores.open(places.stores) as stores:
        for number in range(FILES):
            await stores["inbox"].write(f"{number}.bin", random.randbytes(FILE_SIZE))
        for number in range(IMAGES):
            file = io.BytesIO()
            Image.frombytes("RGB", (64, 64), random.randbytes(64 * 64 * 3)).save(file, "PNG")
            await stores["images"].write(f"{number}.png", file.getvalue())


def payload(key: str, random: Random) -> Contract:
    """A job with an effect. What it makes is named after the key of its order."""
    match random.choices(["mail", "table", "archive", "image"], [4, 2, 2, 1])[0]:
        case "mail":
            return SendNotification.model_validate(
                {"to": [f"mailto:{key}@example.test"], "subject": key, "text": key}
            )
        case "table":
            records = [{"key": key, "n": number} for number in range(20)]
            return ProcessTable.model_validate(
                {
                    "source": {"records": records},
                    "steps": [{"op": "filter", "where": "n >= 10"}],
                    "output": {"object": f"results/{key}.csv"},
                }
            )
        case "archive":
            source = f"inbox/{random.randrange(FILES)}.bin"
            return ArchiveObjects.model_validate({"source": source, "destination": f"archive/{key}.bin"})
        case _:
            return AnalyzeImage.model_validate({"object": f"images/{random.randrange(IMAGES)}.png"})


async def assert_all_there(
    places: Places, box: Mailbox, done: Mapping[str, tuple[str, Contract]]
) -> dict[str, int]:
    """Every effect is there, whole; how many were made twice. done: job id → key of its order, and its payload."""
    async with Stores.open(places.stores) as stores:
        doubles = {"mails twice": await _assert_mails(stores, box, done)}
        await _assert_tables(stores, done)
        await _assert_archives(stores, done)
        await _assert_documents(places, done)
    return doubles


async def _assert_mails(stores: Stores, box: Mailbox, done: Mapping[str, tuple[str, Contract]]) -> int:
    jobs = {job_id for job_id, (_, payload) in done.items() if isinstance(payload, SendNotification)}
    arrived = box.mails
    assert jobs <= arrived.keys(), f"mails missing: {jobs - arrived.keys()}"
    copies = {job_id for job_id, (_, payload) in done.items() if isinstance(payload, ArchiveObjects)}
    receipts = {info.key async for info in stores["receipts"].list() if "/" not in info.key}
    assert {f"{job_id}.json" for job_id in jobs | copies} == receipts
    for job_id in jobs:
        assert json.loads(await _content(stores, f"receipts/{job_id}.json"))["targets"][0]["status"] == "sent"
    return sum(arrived.values()) - len(arrived)


async def _assert_tables(stores: Stores, done: Mapping[str, tuple[str, Contract]]) -> None:
    keys = {key for key, payload in done.values() if isinstance(payload, ProcessTable)}
    assert {info.key async for info in stores["results"].list()} == {f"{key}.csv" for key in keys}
    for key in keys:
        rows = list(csv.DictReader(io.StringIO((await _content(stores, f"results/{key}.csv")).decode())))
        assert rows == [{"key": key, "n": str(number)} for number in range(10, 20)]


async def _assert_archives(stores: Stores, done: Mapping[str, tuple[str, Contract]]) -> None:
    copies = {key: payload.source for key, payload in done.values() if isinstance(payload, ArchiveObjects)}
    assert {info.key async for info in stores["archive"].list()} == {f"{key}.bin" for key in copies}
    for key, source in copies.items():
        contents = [await _content(stores, name) for name in (source, f"archive/{key}.bin")]
        assert len({hashlib.sha256(content).digest() for content in contents}) == 1


async def _assert_documents(places: Places, done: Mapping[str, tuple[str, Contract]]) -> None:
    images = {payload.object for _, payload in done.values() if isinstance(payload, AnalyzeImage)}
    async with Documents.open(places.documents) as documents:
        page = await documents.find("images")
    assert len(page.documents) == len(images)


async def _content(stores: Stores, name: str) -> bytes:
    place = stores.find(name)
    async with place.store.read(place.key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])
