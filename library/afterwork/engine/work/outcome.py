"""How an attempt ended: five frozen values (and a sixth for a drained worker), classified once."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from afterwork import errors
from afterwork.contracts.options import MAX_DELAY
from afterwork.engine.codec import exception_text, problem_json
from afterwork.engine.work.following import Follower


class Fail(Exception):
    """Raised by a handler: the job cannot succeed; it ends as failed at once."""


class Snooze(Exception):
    """Raised by a handler: come back after `delay` seconds, without spending an attempt."""

    def __init__(self, delay: float) -> None:
        if not 0 <= delay <= MAX_DELAY:
            message = f"a job cannot be snoozed for {delay} seconds"
            raise ValueError(message)
        super().__init__(delay)
        self.delay = delay


class StopReason(Enum):
    """Why the engine stopped an attempt itself. BLOCKED: beyond its time limit it blocks the event loop."""

    TIMEOUT = auto()
    BLOCKED = auto()
    CANCELLED = auto()
    RELEASED = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Done:
    """The job succeeded. result: JSON. followers: jobs that are stored with its end."""

    result: bytes
    followers: tuple[Follower, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed; there is another one after `delay` seconds."""

    delay: float
    problem: bytes


@dataclass(frozen=True, slots=True)
class Snoozed:
    """The handler wants to come back after `delay` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The job failed for good."""

    problem: bytes


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The job was cancelled while it ran."""

    problem: bytes


@dataclass(frozen=True, slots=True)
class Released:
    """The worker hands the job back: neither a death nor an attempt."""


Outcome = Done | Retry | Snoozed | Failed | Cancelled | Released


@dataclass(frozen=True, slots=True)
class Tries:
    """attempt: this one, from 1. delay: seconds until the next, asked only if there is one."""

    attempt: int
    max_attempts: int
    timeout: float
    delay: Callable[[int], float]


def classify(error: BaseException, stopped: StopReason | None, tries: Tries) -> Outcome:
    """What a raised exception means for the job, given why the engine stopped the attempt, if it did."""
    match stopped:
        case StopReason.CANCELLED:
            return Cancelled(problem_json(errors.JobCancelled, attempt=tries.attempt))
        case StopReason.RELEASED | StopReason.LOST:
            return Released()
        case StopReason.TIMEOUT:
            return _again(errors.JobTimeout, _too_long(tries), None, tries)
        case StopReason.BLOCKED:
            detail = f"{_too_long(tries)} and blocked its worker's event loop"
            return _again(errors.JobTimeout, detail, None, tries)
        case None:
            return _raised(error, tries)


def _too_long(tries: Tries) -> str:
    return f"the attempt took longer than {tries.timeout:g} seconds"


def _raised(error: BaseException, tries: Tries) -> Outcome:
    match error:
        case Snooze():
            return Snoozed(error.delay)
        case Fail():
            return Failed(_problem(errors.HandlerFailed, error, tries))
        case errors.JobError() if not error.retryable:
            return Failed(problem_json(type(error), error.detail, attempt=tries.attempt))
        case _:
            return _again(errors.HandlerError, exception_text(error), _class_of(error), tries)


def _again(kind: type[errors.JobError], detail: str, exception: str | None, tries: Tries) -> Outcome:
    problem = problem_json(kind, detail, attempt=tries.attempt, exception=exception)
    if tries.attempt >= tries.max_attempts:
        return Failed(problem)
    return Retry(tries.delay(tries.attempt), problem)


def _problem(kind: type[errors.JobError], error: BaseException, tries: Tries) -> bytes:
    detail = exception_text(error).removeprefix(f"{type(error).__name__}: ")
    return problem_json(kind, detail, attempt=tries.attempt, exception=_class_of(error))


def _class_of(error: BaseException) -> str:
    return type(error).__qualname__
