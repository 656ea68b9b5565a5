"""What a handler is told about the run it is part of, and by what it reports back."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from afterwork.contracts import Progress
from afterwork.engine.work.parts import Parts

P = TypeVar("P")

MAX_NOTE = 200
"""Characters of a progress note that are kept."""


class Channel(Protocol):
    """Where the reports of one attempt go. Each is fenced: what comes after the lease was lost changes nothing."""

    def progress(self, progress: Progress) -> None:
        """Keep the latest; written at most once a second."""

    def log(self, level: str, text: str) -> None:
        """Keep a line; written at most once a second."""

    async def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Return when it is stored."""


@dataclass(frozen=True, slots=True)
class AnyRun:
    """One attempt, as every handler sees it.

    job_id: also the idempotency key towards the outside. attempt: from 1, at most max_attempts.
    deaths: workers that died under this job so far. checkpointed: what an earlier attempt left by `checkpoint`, or
    None. logger: names job and kind in every line; the last 100 lines are kept as the job's log.
    """

    job_id: str
    kind: str
    attempt: int
    max_attempts: int
    deaths: int
    worker: str
    checkpointed: Any  # any JSON value
    logger: FilteringBoundLogger
    channel: Channel = field(repr=False)
    parts: Parts = field(repr=False)

    def part(self, kind: type[P]) -> P:
        """What the service was given to work with, by its type: `run.part(Stores)`. Raises LookupError."""
        return self.parts.of(kind)

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Say how far the job is, in units of its own. Cheap: written at most once a second, the latest wins.

        Raises ValueError (of pydantic) for a number that is negative or not finite, TypeError for a note that is no
        string. What of a note is no text, such as half a surrogate pair, is replaced by a question mark.
        """
        self.channel.progress(Progress(done=done, total=total, note=None if note is None else _short(note)))


@dataclass(frozen=True, slots=True)
class Run(AnyRun):
    """The attempt that a coroutine function (`async def`) works on."""

    async def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store what the next attempt is to find in `checkpointed`, in place of what was stored before.

        Returns when it is stored, however long Redis is away. Raises CheckpointTooLarge (over 64 KiB as JSON),
        ResultNotJson, or LeaseLost if the job is not this attempt's any more.
        """
        await self.channel.checkpoint(value)


def _short(note: Any) -> str:  # noqa: ANN401 - whatever a handler gives
    if not isinstance(note, str):
        message = f"note must be a string, not {type(note).__name__}"
        raise TypeError(message)
    return note[:MAX_NOTE].encode("utf-8", "replace").decode()
