"""Removes the sources of a job when all of them have been copied and verified, and the manifest tells where to."""

import asyncio
from collections.abc import Iterable

from afterwork.contracts.archiver import ArchiveObjects, DeleteSource, ManifestEntry
from afterwork.engine import Run
from afterwork.errors import ObjectConflict, ObjectMissing
from afterwork.stores import Store
from archiver.manifest import Manifest

AT_ONCE = 16
"""Objects that are removed at a time."""


async def remove_sources(job: ArchiveObjects, manifest: Manifest, store: Store, run: Run) -> int:
    """How many are gone now, if the job wants it: also those that were gone already. To be repeated at will.

    store: of the sources. One that is not what was copied any more stays, and a line in the log says so.
    """
    if job.delete_source is DeleteSource.NEVER or job.dry_run:
        return 0
    gone = 0
    batch: list[ManifestEntry] = []
    async for entry in manifest.entries():
        if entry.source_etag is not None:
            batch.append(entry)
        if len(batch) == AT_ONCE:
            gone += await _remove(batch, store, run)
            batch = []
    return gone + await _remove(batch, store, run)


async def _remove(entries: Iterable[ManifestEntry], store: Store, run: Run) -> int:
    return sum(await asyncio.gather(*(_is_gone(entry, store, run) for entry in entries)))


async def _is_gone(entry: ManifestEntry, store: Store, run: Run) -> bool:
    try:
        await store.delete(entry.source.partition("/")[2], if_match=entry.source_etag)
    except ObjectMissing:
        return True
    except ObjectConflict:
        run.logger.warning("the source has changed since it was copied, kept", source=entry.source)
        return False
    return True
