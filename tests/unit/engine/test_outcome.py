"""classify: one table from what was raised, and why it was stopped, to how the attempt ended."""

import asyncio
import json

import pytest

from afterwork import errors
from afterwork.contracts.options import MAX_DELAY
from afterwork.engine.work.outcome import (
    Cancelled,
    Fail,
    Failed,
    Outcome,
    Released,
    Retry,
    Snooze,
    Snoozed,
    StopReason,
    Tries,
    classify,
)

STOPPED = asyncio.CancelledError()


class Wrong(Exception):
    """An exception of a handler."""


def tries(attempt: int = 1) -> Tries:
    return Tries(attempt=attempt, max_attempts=2, timeout=1.5, delay=lambda number: number * 10.0)


def problem(outcome: Outcome) -> dict[str, object]:
    assert isinstance(outcome, Failed | Retry | Cancelled)
    document: dict[str, object] = json.loads(outcome.problem)
    return document


@pytest.mark.parametrize(
    ("error", "stopped", "attempt", "kind", "code"),
    [
        (Wrong(), None, 1, Retry, "handler-error"),
        (Wrong(), None, 2, Failed, "handler-error"),
        (SystemExit(), None, 1, Retry, "handler-error"),
        (STOPPED, None, 1, Retry, "handler-error"),
        (Fail("x"), None, 1, Failed, "handler-failed"),
        (STOPPED, StopReason.TIMEOUT, 1, Retry, "timeout"),
        (STOPPED, StopReason.TIMEOUT, 2, Failed, "timeout"),
        (Wrong(), StopReason.TIMEOUT, 1, Retry, "timeout"),
        (Fail("x"), StopReason.TIMEOUT, 1, Retry, "timeout"),
        (STOPPED, StopReason.CANCELLED, 1, Cancelled, "cancelled"),
        (Wrong(), StopReason.CANCELLED, 2, Cancelled, "cancelled"),
        (Snooze(1), StopReason.CANCELLED, 1, Cancelled, "cancelled"),
        (errors.Undecodable("x"), None, 1, Failed, "undecodable"),
        (errors.PayloadInvalid("x"), None, 1, Failed, "payload-invalid"),
        (errors.ResultTooLarge("x"), None, 1, Failed, "result-too-large"),
        (errors.ResultNotJson("x"), None, 1, Failed, "result-not-json"),
        (errors.JobTimeout("raised by the handler"), None, 1, Retry, "handler-error"),
    ],
)
def test_an_error_ends_the_attempt_as_the_table_says(
    error: BaseException, stopped: StopReason | None, attempt: int, kind: type[Outcome], code: str
) -> None:
    outcome = classify(error, stopped, tries(attempt))

    assert type(outcome) is kind
    assert problem(outcome)["type"] == f"/problems/{code}"
    assert problem(outcome)["attempt"] == attempt


@pytest.mark.parametrize("stopped", [StopReason.RELEASED, StopReason.LOST])
@pytest.mark.parametrize("error", [STOPPED, Wrong(), Fail("x"), Snooze(1)])
def test_what_is_handed_back_or_lost_is_released_whatever_was_raised(
    error: BaseException, stopped: StopReason
) -> None:
    assert classify(error, stopped, tries(2)) == Released()


def test_a_snooze_spends_no_attempt() -> None:
    assert classify(Snooze(30), None, tries(2)) == Snoozed(30)


def test_a_retry_asks_for_the_delay_of_its_attempt() -> None:
    outcome = classify(Wrong(), None, Tries(3, 9, 1.0, lambda number: number * 10.0))

    assert isinstance(outcome, Retry)
    assert outcome.delay == 30.0


def test_a_problem_tells_class_text_and_whether_another_attempt_may_help() -> None:
    assert problem(classify(Wrong("the text"), None, tries())) == {
        "type": "/problems/handler-error",
        "title": "The handler raised an exception",
        "status": 500,
        "detail": "Wrong: the text",
        "retryable": True,
        "attempt": 1,
        "exception": "Wrong",
    }
    assert problem(classify(Fail("no such user"), None, tries()))["detail"] == "no such user"
    assert (
        problem(classify(STOPPED, StopReason.TIMEOUT, tries()))["detail"]
        == "the attempt took longer than 1.5 seconds"
    )


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf"), 1e12, 1e300])
def test_a_snooze_that_no_clock_can_hold_is_refused(delay: float) -> None:
    with pytest.raises(ValueError, match="snoozed"):
        Snooze(delay)


@pytest.mark.parametrize("delay", [0, 0.5, MAX_DELAY])
def test_a_snooze_takes_what_a_submitted_delay_may_be(delay: float) -> None:
    assert Snooze(delay).delay == delay
