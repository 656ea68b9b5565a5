"""What a handler is told about the run it is part of."""

from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt. job_id: also the idempotency key towards the outside. attempt: from 1, at most max_attempts.

    deaths: workers that died under this job so far. logger: names job and kind in every line.
    """

    job_id: str
    kind: str
    attempt: int
    max_attempts: int
    deaths: int
    worker: str
    logger: FilteringBoundLogger
