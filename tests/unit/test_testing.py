"""`afterwork.testing.work`: a handler is tried without Redis, through the real executor."""

import json

from afterwork.contracts import Contract
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import Fail, JobRouter, Run, Snooze
from afterwork.engine.work.outcome import Done, Failed, Retry, Snoozed
from afterwork.testing import work


class Greet(Contract, kind="hello.greet", queue="greeter", max_attempts=2, timeout=5):
    """Says hello."""

    name: str


jobs = JobRouter("greeter")


@jobs.handles(Greet)
async def greet(job: Greet, run: Run) -> dict[str, str | int]:
    """Say hello, or what the name asks for."""
    match job.name:
        case "nobody":
            raise Fail("there is nobody")
        case "later":
            raise Snooze(60)
        case "wrong":
            raise LookupError(job.name)
    return {"hello": job.name, "attempt": run.attempt}


async def test_a_result_is_what_would_be_stored() -> None:
    assert await work(jobs, Greet(name="you")) == Done(b'{"hello":"you","attempt":1}')
    assert await work(jobs, Greet(name="you"), attempt=2) == Done(b'{"hello":"you","attempt":2}')


async def test_an_exception_is_a_retry_and_at_the_last_attempt_a_failure() -> None:
    first, last = await work(jobs, Greet(name="wrong")), await work(jobs, Greet(name="wrong"), attempt=2)

    assert isinstance(first, Retry)
    assert isinstance(last, Failed)
    assert json.loads(last.problem)["exception"] == "LookupError"


async def test_fail_and_snooze_are_told_apart() -> None:
    assert isinstance(await work(jobs, Greet(name="nobody")), Failed)
    assert await work(jobs, Greet(name="later")) == Snoozed(60)


async def test_the_probe_can_be_tried_too() -> None:
    outcomes = [
        await work(jobs, ProbeRun(queue="greeter", fail="once"), attempt=attempt) for attempt in (1, 2)
    ]

    assert isinstance(outcomes[0], Retry)
    assert outcomes[1] == Done(b'{"attempt":2,"seconds":0.0}')
    assert isinstance(await work(jobs, ProbeRun(queue="greeter", fail="permanent")), Failed)
