"""How far a job has come: what the next attempt finds, and what it adds up to."""

from typing import Self

from afterwork.contracts.archiver import ArchiveCounts, CopyStatus
from afterwork.contracts.base import Frozen
from archiver.faults import may_pass
from archiver.one_object import Outcome

MAX_FAULT = 1000
"""Characters that are kept of why the first object failed."""
_COUNTED = {
    CopyStatus.COPIED: "copied",
    CopyStatus.WOULD_COPY: "copied",
    CopyStatus.SKIPPED: "skipped",
    CopyStatus.FAILED: "failed",
}


class Checkpoint(Frozen):
    """All objects up to and with the key `after` are done with, and stand in the parts of the manifest.

    parts: how many there are. bytes: copied; done: copied or found in place. first_fault: why the first object failed.
    may_pass: whether another attempt may help any that failed. seconds: spent in earlier attempts.
    is_complete: the manifest is written, so that only sources are left to be removed.
    """

    after: str = ""
    parts: int = 0
    objects: ArchiveCounts = ArchiveCounts()
    bytes: int = 0
    done: int = 0
    first_fault: str | None = None
    may_pass: bool = False
    seconds: float = 0.0
    is_complete: bool = False

    def with_outcome(self, key: str, outcome: Outcome) -> Self:
        """The object with this key is done with."""
        entry, fault = outcome.entry, outcome.fault
        name = _COUNTED[entry.status]
        return self.model_copy(
            update={
                "after": key,
                "objects": self.objects.model_copy(update={name: getattr(self.objects, name) + 1}),
                "bytes": self.bytes + (entry.bytes if name == "copied" else 0),
                "done": self.done + entry.bytes,
                "first_fault": self.first_fault or (str(fault)[:MAX_FAULT] if fault else None),
                "may_pass": self.may_pass or (fault is not None and may_pass(fault)),
            }
        )
