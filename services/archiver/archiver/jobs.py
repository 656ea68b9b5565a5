"""The table of contents of the archiver: which kinds it handles."""

from afterwork.contracts.archiver import ArchiveObjects, ArchiveResult
from afterwork.engine import JobRouter, Run
from afterwork.stores import Stores
from archiver.archive import Archiving
from archiver.transfer import Slots

jobs = JobRouter("archiver")


@jobs.handles(ArchiveObjects)
async def archive_objects(job: ArchiveObjects, run: Run) -> ArchiveResult:
    """Copy objects into another place, verified."""
    return await Archiving.of(job, run, run.part(Stores), run.part(Slots)).work()
