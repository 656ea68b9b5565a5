"""What the model knows of one job, and what a step asks of it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from afterwork.contracts import Contract
from afterwork.engine import keys
from afterwork.engine.jobs.submission import Submission
from afterwork.engine.jobs.wire import submit_arguments, wire
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.following import Follower
from afterwork.engine.work.reports import Report

End = Literal["succeeded", "failed", "cancelled"]
State = Literal["waiting", "running"] | End


class Ended(NamedTuple):
    """An entry of the history, in the order in which it is written; '' for what belongs to an attempt, without one."""

    attempt: int
    started: int | str
    finished: int
    worker: str
    begun: int | str
    ended: int
    after: str
    error: str


class Wanted(NamedTuple):
    """A submission as `submit.lua` is given it, each argument as text."""

    id: str
    queue: str
    kind: str
    level: str
    clock: str
    ms: str
    max_attempts: str
    timeout: str
    owner: str
    unique: str
    scope: str
    body: str
    tags: str
    start_before: str
    retention: str
    follow_ups: str
    then: str
    payload: str

    @classmethod
    def of(cls, submission: Submission) -> "Wanted":
        """By the engine's own wire."""
        _, *shared, job_id, scope, body, payload = map(plain, submit_arguments([wire(submission)]))
        *head, unique, tags, start_before, retention, follow_ups, then = shared
        tail = (tags, start_before, retention, follow_ups, then, payload)
        return cls(*[job_id, *head, unique, scope, body, *tail])

    @classmethod
    def following(cls, follower: Follower, owner: str) -> "Wanted":
        """What a follower would be as a submission."""
        *head, unique, tags, start_before, retention, kinds, then, payload, _ = map(plain, follower.wire())
        tail = (owner, unique, "", "", tags, start_before, retention, kinds, then, payload)
        return cls(*[*head, *tail])


@dataclass(slots=True)
class ModelJob:
    """One job. place: its score in lane or suspects. lease: when it ends. body: of its result. Times in ms.

    version, state_version: of the record, and when it entered its state. states: what was entered, by version.
    is_start_awaited: whether it stands among those that must have started in time. reported: number of the last step
    that told something of the running attempt. has_then: whether what is to follow it is still kept.
    """

    wanted: Wanted
    created: int
    due: int
    place: int
    level: str
    tags: str | None
    state: State = "waiting"
    attempt: int = 0
    claims: int = 0
    deaths: int = 0
    is_suspect: bool = False
    has_cancel: bool = False
    token: str | None = None
    worker: str | None = None
    started: int | None = None
    finished: int | None = None
    start_before: int | None = None
    is_start_awaited: bool = False
    lease: int | None = None
    expires: int | None = None
    body: str | None = None
    has_payload: bool = True
    has_foreign_lock: bool = False
    version: int = 1
    state_version: int = 1
    states: dict[int, str] = field(default_factory=dict)
    history: list[Ended] = field(default_factory=list)
    is_history_cut: bool = False
    ran: Ended | None = None
    progress: tuple[int, str] | None = None
    log: list[tuple[int, int, str, str]] = field(default_factory=list)
    reported: int | None = None
    checkpoint: str | None = None
    has_checkpointed: bool = False
    has_then: bool = False
    parent: str | None = None
    followers: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The client's."""
        return self.wanted.id

    @property
    def queue(self) -> str:
        """Where it stands."""
        return self.wanted.queue

    @property
    def kind(self) -> str:
        """What it is."""
        return self.wanted.kind

    @property
    def max_attempts(self) -> int:
        """As it was submitted."""
        return int(self.wanted.max_attempts)

    @property
    def timeout(self) -> int:
        """In ms."""
        return int(self.wanted.timeout)

    @property
    def unique(self) -> tuple[str, str, str] | None:
        """Owner, kind and key."""
        return (self.wanted.owner, self.kind, self.wanted.unique) if self.wanted.unique else None

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"waiting", "running"}

    @property
    def lane(self) -> tuple[str, str, str]:
        """Queue, kind and level."""
        return self.queue, self.kind, self.level

    @property
    def tag_set(self) -> set[str]:
        """Each tag."""
        return set((self.tags or "").split("\n")) - {""}

    def append(self, entry: Ended) -> None:
        """To the history."""
        self.history.append(entry)
        self.is_history_cut |= len(self.history) > keys.HISTORY_ENTRIES
        del self.history[: -keys.HISTORY_ENTRIES]

    @property
    def story(self) -> list[Ended]:
        """The history with the attempt that succeeded, which stands in the record."""
        return [*self.history, *([self.ran] if self.ran else [])][-keys.HISTORY_ENTRIES :]

    @property
    def is_story_cut(self) -> bool:
        """Whether it reaches back to the beginning no longer."""
        return self.is_history_cut or len(self.history) + bool(self.ran) > keys.HISTORY_ENTRIES

    def never_started_by(self, now: int) -> bool:
        """Whether it should have been started by now and never was."""
        return self.start_before is not None and self.claims == 0 and now > self.start_before


@dataclass(frozen=True, slots=True)
class ModelStep:
    """What a step is asked to do. sequence: the same again after a lost reply. seen: what the server claimed."""

    worker: str
    queue: str
    kinds: Sequence[type[Contract]]
    lease: int
    sequence: int
    slots: int
    reports: Sequence[Report]
    finishes: Sequence[Finish]
    suspect_running: bool
    seen: Sequence[Claim]


def next_of(heads: list[ModelJob], seen: Sequence[Claim], expired: AbstractSet[str]) -> ModelJob:
    """Of several that may be next, what the server took, or what it must have passed on its way there.

    expired: what it is known to have passed and cancelled.
    """
    met = [job for job in heads if job.id in expired]
    taken = [job for job in heads if seen and job.id == seen[0].id]
    passed = [job for job in heads if job.has_foreign_lock or not job.has_payload]
    return (met or taken or passed or heads)[0]


def plain(value: str | bytes | int) -> str:
    """A script's argument as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
