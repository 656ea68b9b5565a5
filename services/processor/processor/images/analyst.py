"""From an object that somebody names to the document that describes it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from afterwork.contracts.documents import Document
from afterwork.contracts.images import AnalyzeImage, ImageDescription, ImageFindings
from afterwork.documents import Documents
from afterwork.errors import InputInvalid, InvalidKey, ObjectConflict, ObjectMissing
from afterwork.sandbox import Limits, Sandbox
from afterwork.stores import ObjectInfo, ObjectReader, Stores
from processor.images import analysis
from processor.images.signatures import FORMATS

MAX_BYTES = 64 * 1024 * 1024
AT_ONCE = 8
"""Images that lie in temporary files at a time; others wait for their turn."""
LIMITS = Limits(memory=1024 * 1024 * 1024, seconds=60)
"""Of one analysis: enough for the largest image that is decoded, on a machine with much else to do."""
_ANYTHING = {"", "application/octet-stream", "binary/octet-stream"}


@dataclass(frozen=True, slots=True)
class Copy:
    """A temporary copy of an object, and what is known of the object that it was made from."""

    path: Path
    info: ObjectInfo


class Analyst:
    """Describes images in a sandbox, which has to preload the module `processor.images.analysis`."""

    def __init__(self, stores: Stores, documents: Documents, sandbox: Sandbox) -> None:
        self._stores = stores
        self._documents = documents
        self._sandbox = sandbox
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def describe(self, wanted: AnalyzeImage) -> Document:
        """Put a document about the object into its collection: the same one for the same content of the same object.

        Raises InputInvalid for an object that is not there, too large, or no image that can be decoded; OutOfMemory;
        ObjectConflict, StoreUnavailable and DocumentsUnavailable, after which another attempt may help.
        """
        async with self._turns, self._copy_of(wanted.object) as copy:
            findings = await self._analyze(copy.path, wanted)
        notes = (*_contradictions(copy.info, findings), *findings.notes)
        body = ImageDescription(
            **vars(findings.model_copy(update={"notes": notes})),
            object=wanted.object,
            etag=copy.info.etag,
            bytes=copy.info.size,
            features=wanted.features,
        )
        document_id = document_id_of(wanted.object, copy.info.etag)
        return await self._documents.put(
            wanted.collection, document_id, body.model_dump(mode="json", exclude_none=True)
        )

    async def _analyze(self, path: Path, wanted: AnalyzeImage) -> ImageFindings:
        try:
            return await self._sandbox.run(analysis.analyze, path, wanted.features, limits=LIMITS)
        except TimeoutError:
            raise InputInvalid(f"the image took more than {LIMITS.seconds:.0f} s to analyze") from None

    @asynccontextmanager
    async def _copy_of(self, name: str) -> AsyncIterator[Copy]:
        with tempfile.TemporaryDirectory(prefix="afterwork-image-") as folder:
            path = Path(folder) / "image"
            try:
                place = self._stores.find(name)
                async with place.store.read(place.key) as reader:
                    await _write(reader, path)
            except (ObjectMissing, InvalidKey) as error:
                raise InputInvalid(f"{name}: {error.detail}") from error
            yield Copy(path, reader.info)


def document_id_of(name: str, etag: str) -> str:
    """One for each content that an object has had."""
    return sha256(f"{name}\n{etag}".encode()).hexdigest()[:32]


async def _write(reader: ObjectReader, path: Path) -> None:
    if reader.info.size > MAX_BYTES:
        raise InputInvalid(
            f"the object has {reader.info.size:,} bytes, more than the {MAX_BYTES:,} of an image"
        )
    with path.open("wb") as file:
        async for chunk in reader.chunks():
            await asyncio.to_thread(file.write, chunk)
            if file.tell() > reader.info.size:
                break
        written = file.tell()
    if written != reader.info.size:
        raise ObjectConflict("the object has changed while it was read")


def _contradictions(info: ObjectInfo, findings: ImageFindings) -> list[str]:
    """What the object's name or the one who stored it says of its format, if that is not so."""
    kind = next(known for known in FORMATS if known.content_type == findings.content_type)
    suffix = PurePosixPath(info.key).suffix.lower()
    declared = (info.content_type or "").partition(";")[0].strip().lower()
    notes: list[str] = []
    if suffix not in kind.suffixes and any(suffix in other.suffixes for other in FORMATS):
        notes.append(f"its name ends in {suffix}, but its content is {kind.name}")
    if declared not in _ANYTHING | {kind.content_type}:
        notes.append(f"it was stored as {declared[:100]}, but its content is {kind.content_type}")
    return notes
