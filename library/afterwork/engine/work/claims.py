"""What a worker holds: claims as `step.lua` hands them out, and what it reports back about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from afterwork.engine.scripts import Argument
from afterwork.engine.work.following import Follower
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed
from afterwork.engine.work.reports import Report


@dataclass(frozen=True, slots=True)
class Claim:
    """One job claimed by this worker. token: proves the claim to every script. timeout: seconds. payload: envelope.

    checkpoint: JSON that an earlier attempt left, or empty. then: what is to follow its success, or empty.
    """

    id: str
    kind: str
    token: str
    attempt: int
    max_attempts: int
    timeout: float
    created_ms: int
    deaths: int
    is_suspect: bool
    payload: bytes
    checkpoint: bytes = b""
    then: bytes = b""

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Claim":
        """From one row of the script's reply."""
        job_id, kind, token, attempt, max_attempts, timeout, created, deaths, suspect, *bodies = row
        return cls(
            id=job_id.decode(),
            kind=kind.decode(),
            token=token.decode(),
            attempt=attempt,
            max_attempts=max_attempts,
            timeout=timeout / 1000,
            created_ms=created,
            deaths=deaths,
            is_suspect=bool(suspect),
            payload=bodies[0],
            checkpoint=bodies[1],
            then=bodies[2],
        )


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one claim, to be written by the next step, with what is left of its report."""

    claim: Claim
    outcome: Outcome
    report: Report = field(default_factory=Report)

    @property
    def followers(self) -> Sequence[Follower]:
        """The jobs that are stored with this end."""
        return self.outcome.followers if isinstance(self.outcome, Done) else ()

    @property
    def size(self) -> int:
        """Bytes of result or problem, of the report, and of the jobs that follow."""
        match self.outcome:
            case Done(body, followers):
                return len(body) + self.report.size + sum(follower.size for follower in followers)
            case Failed(body) | Cancelled(body) | Retry(_, body):
                return len(body) + self.report.size
            case _:
                return self.report.size

    def wire(self, now: float) -> list[Argument]:
        """id, token, outcome, body, and empty or: 1, delay in ms, error for the history, report, followers.

        now: of the monotonic clock.
        """
        name, delay, body, error = _transition(self.outcome)
        told: list[Argument] = [self.claim.id, self.claim.token, name, body]
        if not (error or delay or self.followers or self.report.is_any):
            return [*told, b""]
        return [
            *told,
            1,
            round(delay * 1000),
            error,
            *self.report.wire(now),
            len(self.followers),
            *(argument for follower in self.followers for argument in follower.wire()),
        ]


def _transition(outcome: Outcome) -> tuple[str, float, bytes, bytes]:
    match outcome:
        case Done(result):
            return "succeeded", 0.0, result, b""
        case Failed(problem):
            return "failed", 0.0, problem, problem
        case Cancelled(problem):
            return "cancelled", 0.0, problem, problem
        case Retry(delay, problem):
            return "retry", delay, b"", problem
        case Snoozed(delay):
            return "snoozed", delay, b"", b""
        case Released():
            return "released", 0.0, b"", b""
