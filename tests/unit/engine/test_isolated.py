"""Isolated handlers: what they are told, say and raise in their own process is as it would be in the worker's."""

import json
import os
from collections.abc import AsyncIterator

import pytest
from tests.unit.engine.isolated_handlers import Do, Stay, jobs

from afterwork.contracts import Contract
from afterwork.engine import IsolatedRun, JobRouter
from afterwork.engine.work.outcome import Done, Failed, Outcome, Retry, Snoozed
from afterwork.sandbox import Sandbox
from afterwork.testing import Reported, work


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(preload=jobs.preload) as opened:
        yield opened


def problem(outcome: Outcome) -> dict[str, object]:
    assert isinstance(outcome, Failed | Retry)
    told: dict[str, object] = json.loads(outcome.problem)
    return told | {"code": str(told["type"]).rpartition("/")[2]}


async def test_each_attempt_has_a_process_of_its_own(sandbox: Sandbox) -> None:
    pids = set()
    for _ in range(2):
        outcome = await work(jobs, Do(what="say where"), parts=[sandbox])
        assert isinstance(outcome, Done)
        pids.add(int(outcome.result))

    assert len(pids - {os.getpid()}) == 2
    assert await work(jobs, Stay(), parts=[sandbox]) == Done(str(os.getpid()).encode())


async def test_a_sandbox_is_there_without_being_given() -> None:
    assert isinstance(await work(jobs, Do(what="say where")), Done)


async def test_it_knows_its_run_and_its_job(sandbox: Sandbox) -> None:
    outcome = await work(
        jobs, Do(what="tell", number=0.1), attempt=2, checkpointed={"row": 3}, parts=[sandbox]
    )

    assert isinstance(outcome, Done)
    job_id = "00000000-0000-7000-8000-000000000000"
    assert json.loads(outcome.result) == [job_id, "isolated.do", 2, 2, "test", {"row": 3}, 0.1]


async def test_what_it_reports_comes_to_the_worker(sandbox: Sandbox) -> None:
    reported = Reported()

    outcome = await work(jobs, Do(what="report"), reported=reported, parts=[sandbox])

    assert outcome == Done(b"null")
    assert [(line.level, line.text) for line in reported.lines] == [
        ("info", "halfway rows=3 odd={1}"),
        ("warning", "from a module"),
    ]
    assert [(one.done, one.total, one.note) for one in reported.progresses] == [(1, 2, "half")]
    assert reported.checkpoints == [{"row": 41}]


@pytest.mark.parametrize(
    ("what", "code", "exception", "detail"),
    [
        ("give up", "handler-failed", "Fail", "there is: nothing"),
        ("refuse", "input-invalid", None, "row 7 is ragged"),
        ("keep too much", "checkpoint-too-large", None, "65536"),
        ("return too much", "result-too-large", None, "1048576"),
        ("return no JSON", "result-not-json", None, "object"),
        ("eat", "out-of-memory", None, ""),
    ],
)
async def test_what_is_final_in_the_worker_is_final_there(
    sandbox: Sandbox, what: str, code: str, exception: str | None, detail: str
) -> None:
    outcome = await work(jobs, Do(what=what), parts=[sandbox])

    assert isinstance(outcome, Failed)
    told = problem(outcome)
    assert (told["code"], told.get("exception")) == (code, exception)
    assert detail in str(told["detail"])


async def test_a_snooze_is_one(sandbox: Sandbox) -> None:
    assert await work(jobs, Do(what="come back"), parts=[sandbox]) == Snoozed(60)


@pytest.mark.parametrize(("what", "detail"), [("fail", "LookupError: gone"), ("ask for a part", "JobRouter")])
async def test_any_other_exception_is_a_failed_attempt_under_its_name(
    sandbox: Sandbox, what: str, detail: str
) -> None:
    outcome = await work(jobs, Do(what=what), parts=[sandbox])

    assert isinstance(outcome, Retry)
    assert problem(outcome)["exception"] == "LookupError"
    assert detail in str(problem(outcome)["detail"])


def test_what_cannot_be_found_by_its_name_is_refused_where_it_is_declared() -> None:
    router = JobRouter("isolated")

    def inner(job: Do, run: IsolatedRun) -> None:
        """Nobody finds it."""

    class Inner(Contract, kind="isolated.inner", queue="isolated"):
        """Nobody finds it."""

    async def coroutine(job: Do, run: IsolatedRun) -> None:
        """Would do nothing."""

    for handler in (inner, coroutine, lambda *_: None, inner.__call__):  # type: ignore[operator]
        with pytest.raises(TypeError):
            router.handles(Do, isolated=True)(handler)
    with pytest.raises(TypeError, match="Inner"):
        router.handles(Inner, isolated=True)(jobs.handler("isolated.do"))
    with pytest.raises(ValueError, match="bytes"):
        router.handles(Do, isolated=True, memory=0)(jobs.handler("isolated.do"))
    assert "isolated.do" not in router.kinds


def test_the_modules_of_isolated_handlers_are_loaded_beforehand() -> None:
    router = JobRouter("isolated", preload=["json"])
    router.handles(Do, isolated=True)(jobs.handler("isolated.do"))

    assert {"json", do_module()} <= set(router.preload)


def do_module() -> str:
    return jobs.handler("isolated.do").__module__
