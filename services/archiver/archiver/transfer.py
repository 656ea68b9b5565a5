"""Copies one object: streamed into the destination's store, read back, and shown there only when it is the same."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from afterwork.contracts.objects import Tier
from afterwork.stores import ObjectInfo, Place, Staged, Traits
from archiver.faults import SourceChanged, Unverified
from archiver.hashing import Digest
from archiver.progress import ObjectProgress
from archiver.provenance import Provenance

AT_ONCE = 4
"""Objects that one process copies at a time, whatever number of jobs it works on: each takes some 30 MiB."""


class Slots(asyncio.Semaphore):
    """Bounds what a process copies at a time, and with it the memory that it takes."""

    def __init__(self, count: int = AT_ONCE) -> None:
        super().__init__(count)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One object on its way.

    source, target: where it is and where it is to be. name: the source as `store/key`. info: the source as it has to
    be all the time. replaces: the ETag of what the copy may replace. if_absent: whether nothing may be there.
    """

    source: Place
    target: Place
    name: str
    info: ObjectInfo
    job_id: str
    tier: Tier
    replaces: str | None = None
    if_absent: bool = False

    async def run(self, progress: ObjectProgress) -> ObjectInfo:
        """Copy it; what is at the destination then.

        Raises SourceChanged, Unverified, ObjectConflict (one of the conditions), and what stores raise.
        """
        digest = Digest()
        async with self.source.store.read(self.source.key, if_match=self.info.etag) as reader:
            content = digest.passing(reader.chunks(), progress.copied)
            async with self.target.store.stage(content) as staged:
                progress.verifies()
                await self._verify(staged, digest)
                await self._check_source(digest)
                return await staged.publish(
                    self.target.key,
                    self._traits(digest.sha256, self.info.metadata),
                    if_match=self.replaces,
                    if_absent=self.if_absent,
                    sha256=digest.sha256,
                )

    async def _verify(self, staged: Staged, written: Digest) -> None:
        stored = Digest()
        async with staged.read() as reader:
            await stored.of(reader.chunks())
        if (stored.size, stored.sha256) != (written.size, written.sha256):
            raise Unverified(
                f"{stored.size} bytes with SHA-256 {stored.sha256} were read back from {self.target.store.name}, "
                f"but {written.size} bytes with SHA-256 {written.sha256} had been written"
            )

    async def _check_source(self, digest: Digest) -> None:
        now = await self.source.store.stat(self.source.key)
        if now.etag != self.info.etag or digest.size != self.info.size:
            raise SourceChanged(f"{self.name} changed while it was copied")

    def _traits(self, sha256: str, metadata: Mapping[str, str]) -> Traits:
        provenance = Provenance(self.job_id, sha256, self.info.etag, self.name)
        return Traits(self.info.content_type, provenance.beside(metadata), self.tier)
