"""How a job is to be run, apart from what it is to do."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, model_validator

from afterwork.contracts.base import MAX_TIMEOUT, MIN_TIMEOUT, Frozen, Kind
from afterwork.contracts.job import Priority
from afterwork.contracts.placeholders import Template

MAX_DELAY = 366 * 24 * 3600.0
"""The furthest a job may be put off, in seconds."""
MAX_RETENTION = 10 * 366 * 24 * 3600.0
"""The longest an ended job may be kept, in seconds."""
MAX_TAGS = 16
MAX_FOLLOW_UPS = 16
"""Jobs that one job may be followed by."""
MAX_FOLLOW_UPS_IN_ALL = 64
"""The same with those that follow them, and so on."""
MAX_FOLLOWING = 5
"""Jobs in a row that may follow one job."""
_FURTHEST = datetime(2200, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
"""pydantic reads more than that: numbers in strings as seconds since 1970, for one."""


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _as_rfc_3339(moment: object) -> datetime:
    if isinstance(moment, datetime):
        return moment
    if not isinstance(moment, str) or not _RFC_3339.fullmatch(moment):
        message = "should be an RFC 3339 time such as 2030-01-31T12:00:00Z"
        raise ValueError(message)
    return datetime.fromisoformat(moment.upper())


def _thinkable(moment: datetime) -> datetime:
    if moment > _FURTHEST:
        message = f"lies beyond {_FURTHEST:%Y}"
        raise ValueError(message)
    return moment


def _bounded(then: "list[FollowUp]") -> "list[FollowUp]":
    if _length(then) > MAX_FOLLOWING:
        message = f"is nested deeper than {MAX_FOLLOWING} jobs in a row"
        raise ValueError(message)
    if _count(then) > MAX_FOLLOW_UPS_IN_ALL:
        message = f"holds more than {MAX_FOLLOW_UPS_IN_ALL} jobs in all"
        raise ValueError(message)
    return then


def _length(then: "list[FollowUp]") -> int:
    return max((1 + _length(follow_up.options.then) for follow_up in then), default=0)


def _count(then: "list[FollowUp]") -> int:
    return sum(1 + _count(follow_up.options.then) for follow_up in then)


_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f]+$"
Tag = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_CONTROL_CHARACTERS)]
"""A short word by which jobs are found again: 1 to 64 characters, none of them a control character."""
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_distinct)]
Instant = Annotated[AwareDatetime, BeforeValidator(_as_rfc_3339)]
"""An RFC 3339 time with an offset."""
Moment = Annotated[Instant, AfterValidator(_thinkable)]
"""The same, before the year 2200."""


class JobOptions(Frozen):
    """Options of one job; what is left out follows the kind's defaults.

    run_at: not before this time (RFC 3339 with an offset); a time in the past means now.
    delay: the same, in seconds from acceptance by Redis' clock. Not together with `run_at`.
    start_before: if no attempt has begun by this time, the job ends as cancelled, code `expired`.
    priority: `high` overtakes up to ten minutes of waiting `normal` jobs, `low` is overtaken alike; none starves.
    max_attempts: attempts before the job ends as failed.
    timeout: seconds that one attempt may take.
    unique_key: a second job of the same kind and key is refused while the first has not ended; per API key.
    tags: up to 16 words by which jobs are found again.
    retention: seconds for which the record is kept after the end, instead of the default of its final state.
    then: jobs that are submitted, once each, when this one has succeeded; up to 16, each with its own `then`.
    """

    run_at: Moment | None = None
    delay: Annotated[float, Field(ge=0, le=MAX_DELAY)] | None = None
    start_before: Moment | None = None
    priority: Priority = Priority.NORMAL
    max_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    timeout: Annotated[float, Field(ge=MIN_TIMEOUT, le=MAX_TIMEOUT)] | None = None
    unique_key: (
        Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROL_CHARACTERS)] | None
    ) = None
    tags: Tags = []  # noqa: RUF012 - pydantic copies it for each model
    retention: Annotated[float, Field(ge=1, le=MAX_RETENTION)] | None = None
    then: Annotated[list["FollowUp"], Field(max_length=MAX_FOLLOW_UPS), AfterValidator(_bounded)] = []  # noqa: RUF012 - as above

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself, for it is immutable; pydantic copies it as the default of a submission's `options`."""
        return self

    @model_validator(mode="after")
    def _one_time_only(self) -> Self:
        if self.run_at is not None and self.delay is not None:
            message = "give run_at or delay, not both"
            raise ValueError(message)
        if self.run_at is not None and self.start_before is not None and self.run_at >= self.start_before:
            message = "start_before is not later than run_at, so the job could never start"
            raise ValueError(message)
        return self


class FollowUp(Frozen):
    """A job that is submitted when the one before it has succeeded; it has the same owner.

    payload: in its strings, at any depth, `{result}`, `{result.a.0}` and `{job.id}` are filled in with what the job
    before returned, and its id; a string that is nothing else becomes the value, whatever that is. `{{` and `}}` are
    braces. options: its times count from that job's end.
    """

    kind: Kind
    payload: Template
    options: JobOptions = Field(default_factory=JobOptions)


JobOptions.model_rebuild()


class Amendment(Frozen):
    """What is to change in a job that waits; what is left out stays.

    run_at: the new time before which it does not start. tags: the new tags, all of them.
    """

    run_at: Moment | None = None
    priority: Priority | None = None
    tags: Tags | None = None
