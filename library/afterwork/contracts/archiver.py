"""`object.archive`: what is to be copied where, and the result and the manifest that say what was."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, model_validator

from afterwork.contracts.base import Contract, Frozen
from afterwork.contracts.objects import RECEIPTS, ObjectPlace, Tier, is_prefix, is_receipt
from afterwork.contracts.service import Service

service = Service(name="archiver", queue="archiver", module="archiver")


class OnConflict(StrEnum):
    """What happens where the destination exists already.

    `skip_identical`: the same content is left as it is, another content fails. `overwrite`: it is replaced.
    `fail`: it fails, whatever the content.
    """

    SKIP_IDENTICAL = "skip_identical"
    OVERWRITE = "overwrite"
    FAIL = "fail"


class DeleteSource(StrEnum):
    """Whether the source is removed. `after_verify`: when every object of the job has been copied and verified."""

    NEVER = "never"
    AFTER_VERIFY = "after_verify"


class ArchiveObjects(Contract, kind="object.archive", queue="archiver", max_attempts=5, timeout=86_400):
    """Copy an object, or all below a prefix, into another place, verified by reading back, in a tier.

    source: `store/key`, or `store/prefix/` for all below it. destination: `store/key`, or `store/prefix/`, below which
    one object keeps its whole key, and objects below a source prefix keep what follows that prefix.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"source": "inbox/2026/orders.csv", "destination": "archive/"}]}
    )

    source: ObjectPlace
    destination: ObjectPlace
    tier: Tier = Tier.ARCHIVE
    on_conflict: OnConflict = OnConflict.SKIP_IDENTICAL
    delete_source: DeleteSource = DeleteSource.NEVER
    dry_run: bool = False

    @model_validator(mode="after")
    def _leads_elsewhere(self) -> Self:
        """A copy onto itself would be nothing, and one into its own source would never end."""
        if not is_prefix(self.source):
            if self.destination_of(self.source) == self.source:
                raise ValueError("destination is the source itself")
            return self
        if not is_prefix(self.destination):
            raise ValueError("destination must end with / where the source does")
        if self.destination.startswith(self.source) or self.source.startswith(self.destination):
            raise ValueError("destination and source must not lie within each other")
        return self

    @model_validator(mode="after")
    def _keeps_receipts(self) -> Self:
        """Nothing puts receipts there, or removes them, but the services themselves."""
        if is_receipt(self.destination):
            raise ValueError(f"the store {RECEIPTS} is written by the services alone")
        if is_receipt(self.source) and self.delete_source is not DeleteSource.NEVER:
            raise ValueError(f"nothing is removed from the store {RECEIPTS}")
        return self

    def destination_of(self, name: str) -> str:
        """The `store/key` at which the object `name` (`store/key`) of the source is to be found afterwards."""
        if not is_prefix(self.destination):
            return self.destination
        base = self.source if is_prefix(self.source) else name.partition("/")[0] + "/"
        return self.destination + name.removeprefix(base)


class ArchiveCounts(Frozen):
    """Objects by what became of them; those of a dry run, by what would."""

    copied: int = 0
    skipped: int = 0
    failed: int = 0


class ArchiveResult(Frozen):
    """What an archive job has done.

    bytes: of the objects copied. manifest: `store/key` of the object that has a line for each. deleted: sources that
    were removed. seconds: time spent, in all attempts that came to report it.
    """

    objects: ArchiveCounts
    bytes: int
    deleted: int
    manifest: str
    seconds: float
    dry_run: bool


class CopyStatus(StrEnum):
    """What became of an object. `would_copy`: nothing, because it was a dry run."""

    COPIED = "copied"
    SKIPPED = "skipped"
    FAILED = "failed"
    WOULD_COPY = "would_copy"


class CopyMethod(StrEnum):
    """How it was copied. `stream`: through the archiver, hashed on the way and read back."""

    STREAM = "stream"


class ManifestHeader(Frozen):
    """The first line of a manifest: the job, and what its lines add up to."""

    job_id: str
    archive: ArchiveObjects
    objects: ArchiveCounts
    bytes: int
    written_at: datetime


class ManifestEntry(Frozen):
    """Each further line of a manifest: one object, in the order of the source's keys.

    source, destination: `store/key`. bytes, sha256, tier: of the object at the destination; sha256 in hexadecimal.
    source_etag: of what was copied; None where the destination has nothing to do with it. etag: of the object at the
    destination. error: why it failed, or was left out.
    """

    source: str
    destination: str
    status: CopyStatus
    bytes: int
    sha256: str | None = None
    source_etag: str | None = None
    etag: str | None = None
    tier: Tier | None = None
    method: CopyMethod | None = None
    error: str | None = None
