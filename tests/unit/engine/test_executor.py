"""One attempt: it ends exactly once, whatever the handler does, and the loop goes on."""

import asyncio
from typing import NoReturn

import pytest
from tests.unit.engine.attempts import Attempt, Echo, Perform, code_of

from afterwork.contracts import FollowUp
from afterwork.contracts.probe import ProbeRun
from afterwork.engine.codec import decode_payload
from afterwork.engine.jobs.follow_ups import encode_then
from afterwork.engine.work.outcome import Done, Fail, Failed, Outcome, Retry, Snooze, Snoozed
from afterwork.engine.work.run import Run


async def outcome_of(perform: Perform, *, attempt: int = 1, payload: bytes | None = None) -> Outcome:
    running = Attempt(perform, attempt=attempt, payload=payload)
    await running.ended.wait()
    await asyncio.sleep(0)
    return running.outcome


def raising(error: BaseException) -> Perform:
    async def perform(job: Echo, run: Run) -> NoReturn:
        raise error

    return perform


def returning(value: object) -> Perform:
    async def perform(job: Echo, run: Run) -> object:
        return value

    return perform


async def test_a_handler_gets_its_payload_and_what_there_is_to_know_of_the_run() -> None:
    seen: list[tuple[Echo, Run]] = []

    async def perform(job: Echo, run: Run) -> dict[str, str]:
        seen.append((job, run))
        return {"said": job.text}

    assert await outcome_of(perform) == Done(b'{"said":"hi"}')
    ((job, run),) = seen
    assert job == Echo(text="hi")
    assert (run.job_id, run.kind, run.attempt, run.max_attempts, run.deaths, run.worker) == (
        "job",
        "test.echo",
        1,
        3,
        2,
        "w",
    )


@pytest.mark.parametrize(
    ("value", "code"),
    [(float("nan"), "result-not-json"), (object(), "result-not-json"), ("x" * 2**20, "result-too-large")],
)
async def test_a_result_that_cannot_be_kept_fails_the_job_for_good(value: object, code: str) -> None:
    outcome = await outcome_of(returning(value))

    assert isinstance(outcome, Failed)
    assert code_of(outcome) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\x80\x04pickled", "undecodable"),
        (b'{"a":[]}', "undecodable"),
        (b'{"a":[{"text":5}]}', "payload-invalid"),
        (b'{"a":[{"unknown":"field"}]}', "payload-invalid"),
        (b'{"a":[{"text":NaN}]}', "undecodable"),
    ],
)
async def test_a_payload_that_cannot_be_read_fails_the_job_for_good(payload: bytes, code: str) -> None:
    outcome = await outcome_of(returning(None), payload=payload)

    assert isinstance(outcome, Failed)
    assert code_of(outcome) == code


async def test_fail_and_snooze_are_what_they_say() -> None:
    assert code_of(await outcome_of(raising(Fail("no")))) == "handler-failed"
    assert await outcome_of(raising(Snooze(5))) == Snoozed(5)


class Odd(BaseException):
    """Not an Exception."""


class Mute(Exception):
    """Has no text to show."""

    def __str__(self) -> str:
        raise RuntimeError


class Lethal(Exception):
    """Tries to end the process when it is shown."""

    def __str__(self) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("wrong"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        StopAsyncIteration(),
        StopIteration(),
        Odd(),
        Mute(),
        Lethal(),
        ExceptionGroup("several", [ValueError()]),
        BaseExceptionGroup("several", [KeyboardInterrupt()]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_handler_raises_ends_this_attempt_only(error: BaseException) -> None:
    outcome = await asyncio.wait_for(outcome_of(raising(error)), 2)
    last = await asyncio.wait_for(outcome_of(raising(error), attempt=3), 2)

    assert isinstance(outcome, Retry)
    assert isinstance(last, Failed)
    assert code_of(outcome) == code_of(last) == "handler-error"


async def test_a_retry_waits_as_the_backoff_says() -> None:
    first, second = [await outcome_of(raising(ValueError()), attempt=attempt) for attempt in (1, 2)]

    assert isinstance(first, Retry)
    assert isinstance(second, Retry)
    assert (first.delay, second.delay) == (2.0, 4.0)


async def test_what_is_to_follow_goes_with_the_success() -> None:
    then = encode_then([FollowUp(kind="probe.run", payload={"queue": "q", "seconds": "{result.wait}"})])

    running = Attempt(returning({"wait": 2.5}), then=then)
    await running.ended.wait()

    outcome = running.outcome
    assert isinstance(outcome, Done)
    (follower,) = outcome.followers
    assert decode_payload(ProbeRun, follower.payload) == ProbeRun(queue="q", seconds=2.5)


async def test_nothing_goes_with_a_success_that_nothing_is_to_follow() -> None:
    assert await outcome_of(returning(1)) == Done(b"1", ())
