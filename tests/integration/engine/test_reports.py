"""Progress and log lines: fenced, told once, at most one write a second, and there to the last after the end."""

import asyncio
import time

import pytest
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    Alpha,
    ScriptedWorker,
    Transitions,
    new_job,
    report,
    with_token,
)
from tests.integration.gateway.talks import working
from tests.servers import RedisServer

from afterwork.contracts import Contract, JobState, Progress
from afterwork.engine import JobClient, JobRouter, Run, keys
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.outcome import Done, Failed, Outcome, Released, Retry, Snoozed
from afterwork.engine.work.reports import INTERVAL
from afterwork.errors import NotFound

HALF = b'{"done":1,"total":2,"note":"half"}'


class Report(Contract, kind="test.report", queue="reports", max_attempts=1, timeout=60):
    """Report for so long, or so many lines."""

    seconds: float = 0
    lines: int = 0


reports = JobRouter("reports")


@reports.handles(Report)
async def tell(job: Report, run: Run) -> int:
    """How often it reported."""
    told = 0
    end = time.monotonic() + job.seconds
    while time.monotonic() < end or told < job.lines:
        run.progress(told)
        text = f"line {told}"
        run.logger.info(text)
        told += 1
        await asyncio.sleep(0.005 if job.seconds else 0)
    return told


def running(transitions: Transitions, job_id: str = "a") -> tuple[ScriptedWorker, Claim]:
    """A worker that runs one job."""
    worker = ScriptedWorker(transitions, f"runs {job_id}")
    transitions.submit(new_job(job_id))
    (claim,) = worker.claim()
    return worker, claim


# ------------------------------------------------------------------------------------------------ scripts


def test_what_a_running_job_reports_is_seen_and_changes_its_version(transitions: Transitions) -> None:
    # given a running job
    worker, claim = running(transitions)
    version = int(transitions.record("a")["version"])

    # when it reports twice
    worker.report(claim, HALF, "one", "two")
    worker.report(claim, b"", "three")

    # then lines are in order, each with its version, and progress stays as it was last told
    assert transitions.log("a") == ["one", "two", "three"]
    events = transitions.events("a", after=version)
    assert [(event.version - version, type(event.what).__name__) for event in events] == [
        (1, "LogLine"),
        (1, "LogLine"),
        (1, "Progress"),
        (2, "LogLine"),
    ]
    assert events[2].what == Progress(done=1, total=2, note="half")
    assert transitions.record("a")["version"] == str(version + 2)


def test_a_line_bears_the_time_at_which_it_was_logged(transitions: Transitions) -> None:
    worker, claim = running(transitions)
    transitions.advance(500)

    worker.report(claim, b"", "one", "two", "three")

    kept = [entry.split("\n") for entry in transitions.redis.lrange("aw:log:a", 0, -1)]
    assert [int(at) - START for _, at, _, _ in kept] == [498, 499, 500]


def test_a_line_may_hold_line_breaks(transitions: Transitions) -> None:
    worker, claim = running(transitions)

    worker.report(claim, b"", "one\ntwo\n\n3\t", "")

    assert transitions.log("a") == ["one\ntwo\n\n3\t", ""]


@pytest.mark.parametrize("fate", ["another token", "released", "ended", "taken over"])
def test_what_an_attempt_reports_that_has_lost_its_job_changes_nothing(
    transitions: Transitions, fate: str
) -> None:
    # given an attempt whose job is not its own any more
    worker, claim = running(transitions)
    match fate:
        case "another token":
            claim = with_token(claim, "nobody:1")
        case "released":
            worker.release(claim)
        case "ended":
            worker.finish(claim, Done(b"1"))
        case _:
            worker.release(claim)
            ScriptedWorker(transitions, "other").claim()
    before = transitions.record("a")

    # when it reports all the same
    worker.report(claim, HALF, "too late")

    # then nobody hears of it
    assert transitions.record("a") == before
    assert transitions.log("a") == []


def test_a_step_that_is_repeated_after_a_lost_reply_reports_once(transitions: Transitions) -> None:
    # given a step whose reply was lost
    worker, claim = running(transitions)
    worker.step(reports=[report(claim, HALF, "one", "two")])
    before = transitions.record("a")

    # when it is repeated, and a copy of it arrives after the next one
    worker.repeat()
    assert transitions.record("a") == before
    worker.step(reports=[report(claim, b'{"done":2}', "three")])
    worker.deliver(worker.sequence - 1)

    # then every line stands there once, and the progress is the later one
    assert transitions.log("a") == ["one", "two", "three"]
    assert transitions.record("a")["progress"].endswith('{"done":2}')


def test_an_attempt_that_follows_another_is_heard_however_few_steps_its_worker_has_made(
    transitions: Transitions,
) -> None:
    # given a job that reported in the ninth step of one worker, and went on to a worker in its first
    worker, claim = running(transitions)
    for _ in range(7):
        worker.step(0)
    worker.report(claim, b"", "one")
    worker.finish(claim, Retry(0, PROBLEM))
    other = ScriptedWorker(transitions, "other")
    (claim,) = other.claim()

    # when it reports there
    other.report(claim, b"", "two")

    # then both stand in the log
    assert transitions.log("a") == ["one", "two"]


def test_the_last_hundred_lines_are_kept_in_order(transitions: Transitions) -> None:
    # given a job with 70 lines
    worker, claim = running(transitions)
    worker.report(claim, b"", *(f"{i}" for i in range(70)))

    # when 60 more come, and one with the end
    worker.report(claim, b"", *(f"{i}" for i in range(70, 130)))
    assert transitions.log("a") == [f"{i}" for i in range(30, 130)]
    worker.finish(claim, Done(b"1"), report(claim, b"", "end"))

    # then the last hundred are there
    assert transitions.log("a") == [*(f"{i}" for i in range(31, 130)), "end"]
    assert transitions.redis.llen("aw:log:a") == keys.LOG_LENGTH


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Done(b"1"), "succeeded"),
        (Failed(PROBLEM), "failed"),
        (Retry(0, PROBLEM), "queued"),
        (Snoozed(9), "scheduled"),
        (Released(), "queued"),
    ],
)
def test_what_was_told_last_comes_with_the_end_in_one_change_and_stays(
    transitions: Transitions, outcome: Outcome, state: str
) -> None:
    # given an attempt that ends with something left to tell
    worker, claim = running(transitions)
    version = int(transitions.record("a")["version"])

    # when its end is written, twice
    assert worker.finish(claim, outcome, report(claim, HALF, "goodbye")) == "ok"
    assert worker.repeat().verdicts in (["already"], ["lost"])

    # then a reader hears line, progress and state in this order, as one version
    events = transitions.events("a", after=version)
    assert [(event.version - version, type(event.what).__name__) for event in events] == [
        (1, "LogLine"),
        (1, "Progress"),
        (1, "StateChange"),
    ]
    assert transitions.states("a", version) == [(version + 1, state)]
    assert transitions.log("a") == ["goodbye"]


def test_the_log_goes_on_through_all_attempts_and_retries(transitions: Transitions) -> None:
    worker, claim = running(transitions)
    worker.report(claim, b"", "first")
    worker.finish(claim, Failed(PROBLEM))
    transitions.retry("a")
    (claim,) = worker.claim()
    worker.report(claim, b"", "second")

    assert transitions.log("a") == ["first", "second"]


# ------------------------------------------------------------------------------------------------ worker


async def test_a_job_that_reports_all_the_time_is_written_once_a_second_at_most(
    client: JobClient, engine_server: RedisServer
) -> None:
    # given a job that reports for more than two seconds
    async with working(engine_server, reports):
        began = time.monotonic()
        job = (await client.submit(Report(seconds=2.2))).job

        # when it has ended
        ended = await client.wait(job.id, timeout=30)
        seconds = time.monotonic() - began

    # then it reported hundreds of times in a few versions: accepted, claimed, ended, and one for each interval
    assert ended.state is JobState.SUCCEEDED
    assert ended.result > 50
    assert 3 + 2 <= ended.version <= 3 + 1 + seconds / INTERVAL

    # and what it said last is there
    assert ended.progress == Progress(done=ended.result - 1)
    assert [line.text for line in await client.log(job.id)] == [
        f"line {i}" for i in range(max(0, ended.result - 100), ended.result)
    ]


async def test_a_job_that_floods_its_log_keeps_the_last_hundred_and_costs_two_writes(
    client: JobClient, engine_server: RedisServer
) -> None:
    async with working(engine_server, reports):
        job = (await client.submit(Report(lines=5000))).job
        ended = await client.wait(job.id, timeout=30)

    lines = await client.log(job.id)
    assert [line.text for line in lines] == [f"line {i}" for i in range(4900, 5000)]
    assert [line.version for line in lines] == sorted(line.version for line in lines)
    assert ended.version <= 5


async def test_jobs_are_throttled_each_for_itself(client: JobClient, engine_server: RedisServer) -> None:
    # given twenty jobs that report for a second and a half
    async with working(engine_server, reports):
        ids = [(await client.submit(Report(seconds=1.5))).job.id for _ in range(20)]
        jobs = [await client.wait(job_id, timeout=30) for job_id in ids]

    # then each was seen to go on meanwhile
    assert all(job.version >= 5 for job in jobs)
    assert all(job.progress is not None and job.progress.done == job.result - 1 for job in jobs)


async def test_an_unknown_job_has_no_log(client: JobClient) -> None:
    with pytest.raises(NotFound):
        await client.log("unknown")
    assert await client.log((await client.submit(Alpha())).job.id) == []
