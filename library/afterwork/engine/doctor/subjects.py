"""What a key of ours is to a job, told by its name."""

from dataclasses import dataclass
from enum import Enum, auto

from afterwork.engine import keys


class Sort(Enum):
    """own: of one job, whose id ends its name. members: a sorted set of ids. holder: its value is an id."""

    OWN = auto()
    MEMBERS = auto()
    HOLDER = auto()


_OWN = (
    *(keys.JOB, keys.PAYLOAD, keys.ENDED_PAYLOAD, keys.LOCK, keys.RESULT, keys.HISTORY, keys.LOG),
    *(keys.CHECKPOINT, keys.THEN),
)
_MEMBERS = (keys.LANE, keys.SUSPECTS, keys.LEASES, keys.INDEX, keys.TAG)
_WHOLE = (keys.EXPIRY, keys.START_BEFORE)
_TYPES = {
    b"hash": (keys.LANES, keys.LIMITS, keys.LEDGER, keys.PULSE, keys.BROKEN, keys.MENDING),
    b"list": (keys.CLAIMED, keys.WAKE, keys.HISTORY, keys.LOG),
    b"set": (keys.QUEUES,),
    b"stream": (keys.EVENTS,),
    b"string": (keys.STOCK, keys.STEP, keys.IDEMPOTENCY, keys.RETRIES),
    b"zset": (keys.WORKERS, keys.ABORTS),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A key, and the job to which it, or a member of it, belongs."""

    key: bytes
    job_id: bytes


def sort_of(key: bytes) -> Sort | None:
    """None for a key that belongs to no job: lists of queues, the feed, and all that is not ours."""
    if key.startswith(_bytes(_OWN)):
        return Sort.OWN
    if key.startswith(_bytes(_MEMBERS)) or key in _bytes(_WHOLE):
        return Sort.MEMBERS
    return Sort.HOLDER if key.startswith(keys.UNIQUE.encode()) else None


def type_of(key: bytes) -> bytes | None:
    """What Redis must hold there, where no script tells."""
    return next((kind for kind, names in _TYPES.items() if key.startswith(_bytes(names))), None)


def stays(key: bytes) -> bool:
    """Whether the key must never expire, where no script tells."""
    return type_of(key) not in (None, b"string") or sort_of(key) in (Sort.MEMBERS, Sort.HOLDER)


def owner_of(key: bytes) -> Subject:
    """The subject that a job's own key is."""
    prefix = next(prefix for prefix in _bytes(_OWN) if key.startswith(prefix))
    return Subject(key, key.removeprefix(prefix))


def _bytes(names: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(name.encode() for name in names)
