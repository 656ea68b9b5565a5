"""`probe.run`: a job for demonstrations, canaries, load and failure tests; the only kind of every queue."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from afterwork.contracts.base import Contract


class ProbeMode(StrEnum):
    """How the time passes: `async` awaits, `blocking` sleeps in the event loop.

    `cpu` computes and `memory` takes `megabytes` in a child process, which has limits.
    """

    ASYNC = "async"
    BLOCKING = "blocking"
    CPU = "cpu"
    MEMORY = "memory"


class ProbeFailure(StrEnum):
    """How it ends: `once` fails the first attempt, `always` each, `permanent` for good, `kill` kills the worker."""

    NEVER = "never"
    ONCE = "once"
    ALWAYS = "always"
    PERMANENT = "permanent"
    KILL = "kill"


class ProbeRun(Contract, kind="probe.run", queue=None, max_attempts=5, timeout=300):
    """Spend some seconds in a queue of your choice, and fail if asked to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"queue": "notifier", "seconds": 1}]})

    queue: Annotated[str, Field(max_length=100)]
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    mode: ProbeMode = ProbeMode.ASYNC
    megabytes: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    fail: ProbeFailure = ProbeFailure.NEVER

    def target_queue(self) -> str:
        """The queue named in the payload."""
        return self.queue

    @property
    def is_dangerous(self) -> bool:
        """Whether it can hurt its worker or the machine, so that only `AFTERWORK_PROBES=all` allows it."""
        return self.mode is not ProbeMode.ASYNC or self.fail is ProbeFailure.KILL
