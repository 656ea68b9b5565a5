"""One `object.archive` job from its source to its receipt."""

from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from afterwork.contracts.archiver import ArchiveObjects, ArchiveResult, ManifestHeader
from afterwork.engine import Fail, Run
from afterwork.errors import AfterworkError, InputInvalid, ObjectMissing
from afterwork.stores import ObjectInfo, Stores
from archiver.bookkeeping import Bookkeeping
from archiver.in_order import in_order
from archiver.manifest import RECEIPTS, Manifest
from archiver.one_object import ObjectArchiver, Outcome
from archiver.progress import Progress
from archiver.removal import remove_sources
from archiver.sources import Sources
from archiver.transfer import Slots

AHEAD = 8
"""Objects of one job that are under way, or wait until one before them is done with."""


class NotAllArchivedError(Exception):
    """Some objects failed, and another attempt may help."""


@dataclass(frozen=True, slots=True)
class Archiving:
    """One attempt of a job."""

    job: ArchiveObjects
    run: Run
    sources: Sources
    objects: ObjectArchiver
    manifest: Manifest
    books: Bookkeeping
    progress: Progress

    @classmethod
    def of(cls, job: ArchiveObjects, run: Run, stores: Stores, slots: Slots) -> "Archiving":
        """Put together what the job needs. Raises InputInvalid for a store that is not there."""
        try:
            sources = Sources.of(job.source, stores)
            manifest = Manifest(stores[RECEIPTS], run.job_id)
            _ = stores[job.destination.partition("/")[0]]
        except ObjectMissing as error:
            raise InputInvalid(error.detail) from error
        objects = ObjectArchiver(job, run.job_id, stores, slots)
        return cls(job, run, sources, objects, manifest, Bookkeeping(run, manifest), Progress(run))

    async def work(self) -> ArchiveResult:
        """Do what is left to do. Raises InputInvalid, Fail, NotAllArchivedError, and what stores raise."""
        if not self.books.so_far.is_complete:
            try:
                await self._copy()
            except AfterworkError:
                await self._leave_manifest()
                raise
            await self._conclude()
        deleted = await remove_sources(self.job, self.manifest, self.sources.store, self.run)
        result = ArchiveResult(
            objects=self.books.so_far.objects,
            bytes=self.books.so_far.bytes,
            deleted=deleted,
            manifest=self.manifest.name,
            seconds=round(self.books.seconds(), 3),
            dry_run=self.job.dry_run,
        )
        await self.manifest.write_receipt(result)
        return result

    async def _copy(self) -> None:
        self.progress.total = await self.sources.bytes()
        self.progress.done = self.books.so_far.done
        async with aclosing(self.sources.after(self.books.so_far.after)) as sources:
            await in_order(sources, self._archive, self._take, ahead=AHEAD)
        self.books.take_unreachable()
        if not self.books.so_far.after:
            raise InputInvalid(
                f"there is no object {'below' if self.sources.are_many else 'at'} {self.job.source}"
            )

    async def _archive(self, info: ObjectInfo) -> Outcome:
        name = f"{self.sources.name}/{info.key}"
        return await self.objects.archive(name, self.progress.object(name))

    async def _take(self, info: ObjectInfo, outcome: Outcome) -> None:
        await self.books.take(info.key, outcome)

    async def _conclude(self) -> None:
        """Write the manifest; succeed if nothing failed."""
        await self._write_manifest()
        parts, failure = self.books.so_far.parts, self._failure()
        if failure is None:
            await self.books.complete()
        else:
            await self.books.begin_again()
        await self.manifest.remove_parts(parts)
        if failure is not None:
            raise failure

    async def _write_manifest(self) -> None:
        so_far = self.books.so_far
        header = ManifestHeader(
            job_id=self.run.job_id,
            archive=self.job,
            objects=so_far.objects,
            bytes=so_far.bytes,
            written_at=datetime.now(UTC),
        )
        await self.manifest.write(header, so_far.parts, self.books.entries)

    async def _leave_manifest(self) -> None:
        """Of a job that ends here for good: what was done before it did."""
        if self.run.attempt >= self.run.max_attempts:
            with suppress(AfterworkError):
                await self._write_manifest()

    def _failure(self) -> Exception | None:
        so_far = self.books.so_far
        failed = so_far.objects.failed
        if failed == 0:
            return None
        count = failed + so_far.objects.copied + so_far.objects.skipped
        text = f"{failed} of {count} objects not archived, the first: {so_far.first_fault}; see {self.manifest.name}"
        return NotAllArchivedError(text) if so_far.may_pass else Fail(text)
