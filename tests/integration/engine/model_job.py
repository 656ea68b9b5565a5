"""What the model knows of one job, and what a step asks of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from afterwork.contracts import Contract
from afterwork.engine.claims import Claim, Finish

End = Literal["succeeded", "failed", "cancelled"]
State = Literal["waiting", "running"] | End


@dataclass(slots=True)
class ModelJob:
    """One job. place: its score in lane or suspects. lease: when it ends. body: of its result. Times in ms."""

    id: str
    queue: str
    kind: str
    level: str
    created: int
    due: int
    max_attempts: int
    timeout: int
    unique: str
    place: int
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
    lease: int | None = None
    expires: int | None = None
    body: str | None = None
    has_payload: bool = True
    has_foreign_lock: bool = False
    history: list[tuple[int, int, int, str, str]] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in {"waiting", "running"}

    @property
    def lane(self) -> tuple[str, str, str]:
        """Queue, kind and level."""
        return self.queue, self.kind, self.level


@dataclass(frozen=True, slots=True)
class ModelStep:
    """What a step is asked to do. sequence: the same again after a lost reply. seen: what the server claimed."""

    worker: str
    queue: str
    kinds: Sequence[type[Contract]]
    lease: int
    sequence: int
    slots: int
    finishes: Sequence[Finish]
    suspect_running: bool
    seen: Sequence[Claim]


def next_of(heads: list[ModelJob], seen: Sequence[Claim]) -> ModelJob:
    """Of several that may be next, what the server took, or what it must have passed on its way there."""
    taken = [job for job in heads if seen and job.id == seen[0].id]
    passed = [job for job in heads if job.has_foreign_lock or not job.has_payload]
    return (taken or passed or heads)[0]


def plain(value: str | bytes | int) -> str:
    """A script's argument as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
