"""The base of every contract: the model of a payload together with the kind of job that it makes."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

_KIND_PATTERN = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"
_KIND = re.compile(_KIND_PATTERN)
_QUEUE = re.compile(r"[a-z][a-z0-9-]*")
MAX_TIMEOUT = 7 * 24 * 3600.0
"""The longest time limit of one attempt, in seconds."""
MIN_TIMEOUT = 0.001
Kind = Annotated[str, StringConstraints(max_length=100, pattern=f"^{_KIND_PATTERN}$")]
"""The name of a kind of jobs."""


class Frozen(BaseModel):
    """A model that crosses a boundary: immutable, closed to unknown fields, finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_MAX_RATE = 100_000
_MIN_RATE = 0.0001
_RATE_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": _MAX_RATE},
        {"type": "number", "minimum": _MIN_RATE, "exclusiveMaximum": 1},
    ]
}


def _whole_or_less_than_one(rate: float) -> float:
    if rate >= 1 and not rate.is_integer():
        message = "should be a whole number, or less than 1"
        raise ValueError(message)
    return rate


Rate = Annotated[
    float,
    Field(strict=True, ge=_MIN_RATE, le=_MAX_RATE),
    AfterValidator(_whole_or_less_than_one),
    WithJsonSchema(_RATE_SCHEMA),
]


class KindLimits(Frozen):
    """How much of a kind all workers of a queue do together; null: as much as they can.

    max_running: jobs of the kind that run at a time.
    max_per_second: jobs of the kind that start within any one second; less than 1, such as 0.2, is one in so many
    seconds (5).
    """

    max_running: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    max_per_second: Rate | None = None


@dataclass(frozen=True, slots=True)
class KindMeta:
    """What is said of a kind once, beside its payload's fields.

    kind: stable name `noun.verb`, never the class name, so that a class may be renamed.
    queue: name of the queue; None if the payload chooses it (`probe.run`).
    max_attempts: how many attempts a job of this kind has unless it says otherwise.
    timeout: seconds that one attempt may take unless the job says otherwise.
    limits: how many jobs of this kind all workers together may run, and start, unless the operator says otherwise.
    """

    kind: str
    queue: str | None
    max_attempts: int
    timeout: float
    limits: KindLimits = field(default_factory=KindLimits)


class Contract(Frozen):
    """The payload of one kind of job.

        class Greet(Contract, kind="hello.greet", queue="greeter", max_attempts=3, timeout=30):
            name: str

    `max_running` and `max_per_second` may be given as well (`KindLimits`). Raises TypeError at class creation for what
    cannot be used.
    """

    meta: ClassVar[KindMeta]

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - checked by _checked's signature
        """Check and keep what the class statement says of the kind."""
        super().__init_subclass__()
        if kwargs:
            cls.meta = _checked(cls.__name__, **kwargs)

    def target_queue(self) -> str:
        """The queue in which this job waits. Contracts with `queue=None` override it."""
        if self.meta.queue is None:
            message = f"{type(self).__name__} has queue=None and must override target_queue()"
            raise TypeError(message)
        return self.meta.queue


def _checked(
    name: str,
    *,
    kind: str,
    queue: str | None,
    max_attempts: int = 5,
    timeout: float = 300.0,
    max_running: int | None = None,
    max_per_second: float | None = None,
) -> KindMeta:
    faults = [
        (not _KIND.fullmatch(kind) or len(kind) > 100, f"kind {kind!r} is not of the form noun.verb"),
        (queue is not None and not _QUEUE.fullmatch(queue), f"queue {queue!r} is not a lower-case name"),
        (
            not isinstance(max_attempts, int) or not 1 <= max_attempts <= 1000,
            f"max_attempts {max_attempts} is not a whole number within 1…1000",
        ),
        (
            not MIN_TIMEOUT <= timeout <= MAX_TIMEOUT,
            f"timeout {timeout} s is not within {MIN_TIMEOUT}…{MAX_TIMEOUT:.0f} s",
        ),
    ]
    for is_fault, text in faults:
        if is_fault:
            message = f"contract {name}: {text}"
            raise TypeError(message)
    try:
        limits = KindLimits(max_running=max_running, max_per_second=max_per_second)
    except ValidationError as error:
        fault = error.errors()[0]
        message = f"contract {name}: {fault['loc'][0]} {fault['input']!r}: {fault['msg']}"
        raise TypeError(message) from error
    return KindMeta(kind, queue, max_attempts, float(timeout), limits)
