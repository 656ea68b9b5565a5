"""A worker's call to Redis for plain functions: as for kinds, by a script of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arq.connections import ArqRedis

from afterwork.engine import keys
from afterwork.engine.scripts import Argument
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry
from afterwork.engine.work.steps import Reply, Steps

KEEP_PLACE = -0.001
"""A delay that leaves a job where it stood in its queue: -1 ms."""


@dataclass(frozen=True, slots=True)
class PlainClaim(Claim):
    """A claimed job that calls a plain function. attempt: how often it was started, deaths of workers included.

    score: its place in the queue, in ms. is_aborted: it is not to be run, but to end as cancelled.
    payload: empty if it has expired.
    """

    score: int = 0
    is_aborted: bool = False

    @classmethod
    def row(cls, row: Sequence[Any]) -> "PlainClaim":
        """From one row of the script's reply."""
        job_id, token, attempt, created, score, deaths, is_suspect, is_aborted, payload = row
        return cls(
            id=job_id.decode(errors="replace"),
            kind=keys.PLAIN,
            token=token.decode(),
            attempt=attempt,
            max_attempts=0,
            timeout=0.0,
            created_ms=created,
            deaths=deaths,
            is_suspect=bool(is_suspect),
            payload=payload,
            score=score,
            is_aborted=bool(is_aborted),
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """What is written of an end, beside its outcome.

    function: its name. tries: how often the job was started, None if Redis has counted right. hold: seconds for which
    the lock outlives the job. envelope: the result for whoever waits, kept for `keep` seconds, None: for ever.
    """

    function: str = ""
    tries: int | None = None
    hold: float = 0.0
    envelope: bytes = b""
    keep: float | None = 0.0


@dataclass(frozen=True, slots=True)
class PlainFinish(Finish):
    """The end of one claim."""

    ending: Ending = Ending()

    @property
    def size(self) -> int:
        """Bytes of result and problem."""
        return len(self.ending.envelope) + len(_problem_of(self.outcome))

    def wire(self, now: float) -> list[Argument]:  # noqa: ARG002 - the base's signature
        """id, token, outcome, delay in ms, function, tries, hold and keep in ms, result, problem."""
        name, delay = _transition(self.outcome)
        ending = self.ending
        return [
            self.claim.id,
            self.claim.token,
            name,
            round(delay * 1000),
            ending.function,
            "" if ending.tries is None else ending.tries,
            round(ending.hold * 1000),
            -1 if ending.keep is None else round(ending.keep * 1000),
            ending.envelope,
            _problem_of(self.outcome),
        ]


class PlainSteps(Steps):
    """Calls `plain_step.lua` for one worker. timeout: seconds, and max_tries, as records of stock jobs tell them."""

    script = "plain_step"

    def __init__(
        self, redis: ArqRedis, *, worker: str, queue: str, lease: float, max_tries: int, timeout: float
    ) -> None:
        super().__init__(redis, worker=worker, queue=queue, lease=lease, kinds={})
        self._kinds = [1, keys.PLAIN, max_tries, round(timeout * 1000)]

    def reply(self, answer: Sequence[Any]) -> Reply:
        """What the script has answered."""
        verdicts, claims, next_due = answer
        return Reply(
            [verdict.decode() for verdict in verdicts],
            [PlainClaim.row(row) for row in claims],
            None if next_due < 0 else next_due / 1000,
        )


def _transition(outcome: Outcome) -> tuple[str, float]:
    match outcome:
        case Done():
            return "succeeded", 0.0
        case Failed():
            return "failed", 0.0
        case Cancelled():
            return "cancelled", 0.0
        case Retry(delay, _):
            return "retry", delay
        case _:
            return "released", KEEP_PLACE


def _problem_of(outcome: Outcome) -> bytes:
    match outcome:
        case Failed(problem) | Cancelled(problem) | Retry(_, problem):
            return problem
        case Released() | _:
            return b""
