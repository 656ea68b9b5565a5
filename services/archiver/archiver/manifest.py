"""The manifest of a job: written in parts while it runs, and as one object when it has ended."""

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

from afterwork.contracts.archiver import ManifestEntry, ManifestHeader
from afterwork.contracts.base import Frozen
from afterwork.errors import ObjectMissing
from afterwork.stores import Store, Traits
from archiver.provenance import JOB

RECEIPTS = "receipts"
"""Name of the store that keeps manifests and receipts."""
_NDJSON = "application/x-ndjson"


class Manifest:
    """Of one job. store: the one named `receipts`. name: `store/key` of the whole manifest."""

    def __init__(self, store: Store, job_id: str) -> None:
        self._store = store
        self._job_id = job_id
        self._key = f"archives/{job_id}.ndjson"
        self.name = f"{RECEIPTS}/{self._key}"

    async def write_part(self, number: int, entries: Iterable[ManifestEntry]) -> None:
        """Keep some entries, number after number, over what another attempt has left there."""
        await self._store.write(self._part(number), b"".join(map(_line, entries)), self._traits(_NDJSON))

    async def write(self, header: ManifestHeader, parts: int, rest: Iterable[ManifestEntry]) -> None:
        """Write the whole: the header, so many parts, and the entries after them."""
        await self._store.write(self._key, self._whole(header, parts, rest), self._traits(_NDJSON))

    async def remove_parts(self, parts: int) -> None:
        """They stand in the whole now."""
        for number in range(parts):
            with suppress(ObjectMissing):
                await self._store.delete(self._part(number))

    async def entries(self) -> AsyncIterator[ManifestEntry]:
        """The entries of the whole manifest. Raises ObjectMissing."""
        async with self._store.read(self._key) as reader:
            async for number, line in _numbered_lines(reader.chunks()):
                if number > 0:
                    yield ManifestEntry.model_validate_json(line)

    async def write_receipt(self, receipt: Frozen) -> None:
        """Write the job's receipt, where the gateway looks for it."""
        body = receipt.model_dump_json().encode()
        await self._store.write(f"{self._job_id}.json", body, self._traits("application/json"))

    async def _whole(
        self, header: ManifestHeader, parts: int, rest: Iterable[ManifestEntry]
    ) -> AsyncIterator[bytes]:
        yield _line(header)
        for number in range(parts):
            async with self._store.read(self._part(number)) as reader:
                async for chunk in reader.chunks():
                    yield chunk
        for entry in rest:
            yield _line(entry)

    def _part(self, number: int) -> str:
        return f"archives/{self._job_id}.parts/{number:06}.ndjson"

    def _traits(self, content_type: str) -> Traits:
        return Traits(content_type, {JOB: self._job_id})


def _line(model: Frozen) -> bytes:
    return model.model_dump_json().encode() + b"\n"


async def _numbered_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    rest, number = b"", 0
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield number, line
            number += 1
