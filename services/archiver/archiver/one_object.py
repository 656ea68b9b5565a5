"""Archives one object: decides by what is at the destination, copies, and tells what became of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from afterwork.contracts.archiver import (
    ArchiveObjects,
    CopyMethod,
    CopyStatus,
    DeleteSource,
    ManifestEntry,
    OnConflict,
)
from afterwork.errors import ObjectConflict, ObjectMissing
from afterwork.stores import ObjectInfo, Place, Stores
from archiver.comparing import sha256_of
from archiver.conflicts import Step, decide
from archiver.faults import OF_ONE_OBJECT, Conflict, SourceChanged, Unreadable, Unverified
from archiver.progress import ObjectProgress
from archiver.provenance import Provenance
from archiver.transfer import Slots, Transfer

PAUSES = (0.1, 1.0)
"""Seconds before an object that changed while it was copied, or came out wrong, is copied again."""
MAX_ERROR = 1000
"""Characters that are kept of why an object failed."""
_AGAIN = (SourceChanged, Unverified, ObjectConflict)
_REFUSED: Mapping[Step, str] = {
    Step.CONFLICT: "exists already, and is not the same",
    Step.EXISTS: "exists already",
    Step.ITSELF: "is the source itself, under another name",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an object. fault: why it failed; None if it did not."""

    entry: ManifestEntry
    fault: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One object of a job, as it is found at present. found: what is at the destination."""

    name: str
    source: Place
    target: Place
    info: ObjectInfo
    found: ObjectInfo | None


@dataclass(frozen=True, slots=True)
class ObjectArchiver:
    """Archives the objects of one job, one by one. slots: shared by all jobs of the process."""

    job: ArchiveObjects
    job_id: str
    stores: Stores
    slots: Slots

    async def archive(self, name: str, progress: ObjectProgress) -> Outcome:
        """What becomes of the source `name` (`store/key`). Raises what concerns more than this object, as StoreFull."""
        try:
            async with self.slots:
                outcome = Outcome(await self._tried(name, progress))
        except OF_ONE_OBJECT as error:
            outcome = Outcome(self._without_copy(name, CopyStatus.FAILED, str(error)[:MAX_ERROR]), error)
        progress.ends(outcome.entry.bytes)
        return outcome

    async def _tried(self, name: str, progress: ObjectProgress) -> ManifestEntry:
        for pause in PAUSES:
            try:
                return await self._once(name, progress)
            except _AGAIN:
                progress.begins_again()
                await asyncio.sleep(pause)
        try:
            return await self._once(name, progress)
        except ObjectConflict as error:
            raise SourceChanged(f"{name} or its destination changes all the time: {error}") from error

    async def _once(self, name: str, progress: ObjectProgress) -> ManifestEntry:
        case = await self._look(name)
        step, sha256 = await self._decide(case)
        match step:
            case Step.OWN_COPY:
                return self._without_copy(name, CopyStatus.SKIPPED, "was written by this job itself")
            case Step.DONE:
                return self._entry(case, CopyStatus.COPIED, case.found, sha256)
            case Step.IDENTICAL:
                return self._entry(case, CopyStatus.SKIPPED, case.found, sha256)
            case Step.COPY | Step.REPLACE | Step.RENEW if self.job.dry_run:
                return self._entry(case, CopyStatus.WOULD_COPY, None)
            case Step.COPY | Step.REPLACE | Step.RENEW:
                copy = await self._transfer(case, step).run(progress)
                return self._entry(case, CopyStatus.COPIED, copy)
        raise Conflict(f"{self.job.destination_of(name)} {_REFUSED[step]}")

    async def _look(self, name: str) -> _Case:
        source, target = self.stores.find(name), self.stores.find(self.job.destination_of(name))
        info = await source.store.stat(source.key)
        try:
            found = await target.store.stat(target.key)
        except ObjectMissing:
            found = None
        return _Case(name, source, target, info, found)

    async def _decide(self, case: _Case) -> tuple[Step, str | None]:
        """What to do; and the SHA-256 of what is at the destination, if the contents were compared.

        Before a source goes, even this job's own earlier copies are: others may write what is recorded with them.
        """
        step = decide(case.info, case.found, job_id=self.job_id, mode=self.job.on_conflict)
        if case.found is None or not (step is Step.COMPARE or (step is Step.DONE and self._removes)):
            return step, None
        try:
            there = await self._sha256(case.target, case.found)
            is_same = there == await self._sha256(case.source, case.info)
        except Unreadable:
            if step is Step.DONE:
                return Step.RENEW, None
            raise
        if is_same:
            return (Step.DONE if step is Step.DONE else Step.IDENTICAL), there
        return (Step.REPLACE if self.job.on_conflict is OnConflict.OVERWRITE else Step.CONFLICT), None

    async def _sha256(self, place: Place, info: ObjectInfo) -> str:
        """Of the content. What nobody can read is believed to be what is recorded with it, unless its source goes."""
        try:
            return await sha256_of(place, info)
        except Unreadable:
            made = Provenance.of(info.metadata)
            if made is None or self._removes:
                raise
            return made.sha256

    @property
    def _removes(self) -> bool:
        return self.job.delete_source is not DeleteSource.NEVER and not self.job.dry_run

    def _transfer(self, case: _Case, step: Step) -> Transfer:
        return Transfer(
            case.source,
            case.target,
            case.name,
            case.info,
            job_id=self.job_id,
            tier=self.job.tier,
            replaces=case.found.etag if case.found and step is Step.RENEW else None,
            if_absent=step is Step.COPY and self.job.on_conflict is not OnConflict.OVERWRITE,
        )

    def _entry(
        self, case: _Case, status: CopyStatus, there: ObjectInfo | None, sha256: str | None = None
    ) -> ManifestEntry:
        made = None if there is None else Provenance.of(there.metadata)
        return ManifestEntry(
            source=case.name,
            destination=self.job.destination_of(case.name),
            status=status,
            bytes=case.info.size,
            sha256=sha256 or (made and made.sha256),
            source_etag=case.info.etag,
            etag=there and there.etag,
            tier=there and there.tier,
            method=CopyMethod.STREAM if status is CopyStatus.COPIED else None,
        )

    def _without_copy(self, name: str, status: CopyStatus, reason: str) -> ManifestEntry:
        destination = self.job.destination_of(name)
        return ManifestEntry(source=name, destination=destination, status=status, bytes=0, error=reason)
