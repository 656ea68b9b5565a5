"""How a job is to be run, apart from what it is to do."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from afterwork.contracts.base import MAX_TIMEOUT, MIN_TIMEOUT, Frozen
from afterwork.contracts.job import Priority

MAX_DELAY = 366 * 24 * 3600.0
"""The furthest a job may be put off, in seconds."""


class JobOptions(Frozen):
    """Options of one job; what is left out follows the kind's defaults.

    run_at: not before this time (RFC 3339 with an offset); a time in the past means now.
    delay: the same, in seconds from acceptance by Redis' clock. Not together with `run_at`.
    priority: `high` overtakes up to ten minutes of waiting `normal` jobs, `low` is overtaken alike; none starves.
    max_attempts: attempts before the job ends as failed.
    timeout: seconds that one attempt may take.
    unique_key: a second job of the same kind and key is refused while the first has not ended.
    """

    run_at: AwareDatetime | None = None
    delay: Annotated[float, Field(ge=0, le=MAX_DELAY)] | None = None
    priority: Priority = Priority.NORMAL
    max_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    timeout: Annotated[float, Field(ge=MIN_TIMEOUT, le=MAX_TIMEOUT)] | None = None
    unique_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _one_time_only(self) -> Self:
        if self.run_at is not None and self.delay is not None:
            message = "give run_at or delay, not both"
            raise ValueError(message)
        if self.run_at is not None and self.run_at > _FURTHEST:
            message = f"run_at lies beyond {_FURTHEST:%Y}"
            raise ValueError(message)
        return self


_FURTHEST = datetime(2200, 1, 1, tzinfo=UTC)
