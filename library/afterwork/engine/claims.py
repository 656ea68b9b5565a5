"""What a worker holds: claims as `step.lua` hands them out, and what it reports back about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afterwork.engine.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed
from afterwork.engine.scripts import Argument


@dataclass(frozen=True, slots=True)
class Claim:
    """One job claimed by this worker. token: proves the claim to every script. timeout: seconds. payload: envelope."""

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

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Claim":
        """From one row of the script's reply."""
        job_id, kind, token, attempt, max_attempts, timeout, created, deaths, suspect, payload = row
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
            payload=payload,
        )


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one claim, to be written by the next step."""

    claim: Claim
    outcome: Outcome

    @property
    def size(self) -> int:
        """Bytes of result or problem."""
        match self.outcome:
            case Done(body) | Failed(body) | Cancelled(body) | Retry(_, body):
                return len(body)
            case _:
                return 0

    def wire(self) -> list[Argument]:
        """id, token, outcome, delay in ms, body, error for the history."""
        name, delay, body, error = _transition(self.outcome)
        return [self.claim.id, self.claim.token, name, round(delay * 1000), body, error]


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
