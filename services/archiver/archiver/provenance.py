"""What a copy tells of where it came from: metadata that are stored with it, and found by the next attempt or job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

JOB = "afterwork-job"
_SHA256 = "afterwork-sha256"
_SOURCE = "afterwork-source"
_SOURCE_ETAG = "afterwork-source-etag"
_ROOM = 2048
"""Bytes that an object's metadata may have in all: the least that a store takes."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Of one copy. source: `store/key`; None where it is too long to be kept. sha256: of the content, hexadecimal."""

    job_id: str
    sha256: str
    source_etag: str
    source: str | None

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Self | None:
        """What the metadata of an object tell; None for one that the archiver has not copied."""
        if not metadata.keys() >= {JOB, _SHA256, _SOURCE_ETAG}:
            return None
        source = metadata.get(_SOURCE)
        return cls(
            job_id=metadata[JOB],
            sha256=metadata[_SHA256],
            source_etag=unquote(metadata[_SOURCE_ETAG]),
            source=None if source is None else unquote(source),
        )

    def beside(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """The metadata of the source with these among them, in place of what an earlier copy has said of itself."""
        told = {name: value for name, value in metadata.items() if name != _SOURCE}
        told |= {JOB: self.job_id, _SHA256: self.sha256, _SOURCE_ETAG: _printable(self.source_etag)}
        if self.source is None:
            return told
        whole = told | {_SOURCE: _printable(self.source)}
        return whole if sum(len(name) + len(value) for name, value in whole.items()) <= _ROOM else told


def _printable(text: str) -> str:
    """In ASCII without spaces, as headers of HTTP take it."""
    return quote(text, safe="/:@!$&'()*+,;=\"")
