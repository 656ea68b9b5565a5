"""The base of every contract: the model of a payload together with the kind of job that it makes."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints

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


@dataclass(frozen=True, slots=True)
class KindMeta:
    """What is said of a kind once, beside its payload's fields.

    kind: stable name `noun.verb`, never the class name, so that a class may be renamed.
    queue: name of the queue; None if the payload chooses it (`probe.run`).
    max_attempts: how many attempts a job of this kind has unless it says otherwise.
    timeout: seconds that one attempt may take unless the job says otherwise.
    """

    kind: str
    queue: str | None
    max_attempts: int
    timeout: float


class Contract(Frozen):
    """The payload of one kind of job.

        class Greet(Contract, kind="hello.greet", queue="greeter", max_attempts=3, timeout=30):
            name: str

    Raises TypeError at class creation for a kind, queue, max_attempts or timeout that cannot be used.
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
    name: str, *, kind: str, queue: str | None, max_attempts: int = 5, timeout: float = 300.0
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
    return KindMeta(kind, queue, max_attempts, float(timeout))
