"""Decides what to do with an object, by what is at its destination already."""

from enum import Enum, auto

from afterwork.contracts.archiver import OnConflict
from afterwork.stores import ObjectInfo
from archiver.provenance import JOB, Provenance


class Step(Enum):
    """What comes next for one object.

    COPY: nothing is there. REPLACE: whatever is there goes. RENEW: what is there is this job's own copy of what the
    source was before. DONE: by what is recorded with it, an earlier attempt of this job has copied it. COMPARE: the
    same size is there, so only the contents can tell. IDENTICAL: they did: it is the same. OWN_COPY: the source was
    written by this very job. The others fail: EXISTS, anything may be at the destination; CONFLICT, something else is;
    ITSELF, it is the source under another name.
    """

    COPY = auto()
    REPLACE = auto()
    RENEW = auto()
    DONE = auto()
    COMPARE = auto()
    IDENTICAL = auto()
    EXISTS = auto()
    CONFLICT = auto()
    ITSELF = auto()
    OWN_COPY = auto()


def decide(source: ObjectInfo, found: ObjectInfo | None, *, job_id: str, mode: OnConflict) -> Step:
    """The next step for the source. found: what is at the destination."""
    if source.metadata.get(JOB) == job_id:
        return Step.OWN_COPY
    if found is None:
        return Step.COPY
    if (found.etag, found.size, found.modified_at) == (source.etag, source.size, source.modified_at):
        return Step.ITSELF
    made = Provenance.of(found.metadata)
    if made is not None and made.job_id == job_id:
        return Step.DONE if (made.source_etag, found.size) == (source.etag, source.size) else Step.RENEW
    if mode is OnConflict.SKIP_IDENTICAL:
        return Step.COMPARE if found.size == source.size else Step.CONFLICT
    return Step.REPLACE if mode is OnConflict.OVERWRITE else Step.EXISTS
