"""`events_since`: what is told of a job's past is what was told at the time, from whatever version on."""

from collections.abc import Iterator

import pytest
from tests.integration.engine.readers import states
from tests.integration.engine.transitions import (
    PROBLEM,
    START,
    ScriptedWorker,
    Transitions,
    at,
    new_job,
    report,
)

from afterwork.contracts import Amendment, JobEvent, StateChange
from afterwork.engine import keys
from afterwork.engine.jobs import records
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released, Retry, Snoozed

LEASE = 1000
HOUR = 3_600_000


def replayed(transitions: Transitions, job_id: str) -> list[JobEvent]:
    """The whole; asserts that from each version on the tail of it is told."""
    whole = transitions.events(job_id)
    version = int(transitions.record(job_id)["version"])
    for after in range(version + 2):
        assert transitions.events(job_id, after) == [event for event in whole if event.version > after]
    assert [event.version for event in whole] == sorted(event.version for event in whole)
    return whole


def test_from_every_version_the_tail_of_the_whole_is_told(transitions: Transitions) -> None:
    # given a job that went through much, looked at after each step
    worker = ScriptedWorker(transitions, lease=LEASE)
    seen: dict[int, list[JobEvent]] = {}

    def look() -> None:
        for event in replayed(transitions, "a"):
            known = seen.setdefault(event.version, [])
            if event not in known:
                known.append(event)

    transitions.submit(new_job("a"))
    look()
    for outcome in (Retry(0, PROBLEM), Snoozed(5), Released(), Failed(PROBLEM)):
        transitions.advance(5000)
        (claim,) = worker.claim()
        look()
        transitions.advance(10)
        worker.report(claim, b"", "a line", "another")
        look()
        worker.finish(claim, outcome, report(claim, b"", "the last"))
        look()
    transitions.retry("a")
    look()
    worker.claim()
    transitions.advance(LEASE)
    transitions.reap()
    look()
    (claim,) = worker.claim()
    look()
    worker.finish(claim, Done(b"1"))
    look()

    # then the whole at its end is made of what was seen at its time
    whole = transitions.events("a")
    assert states(whole) == [
        *("queued", "running", "queued"),
        *("running", "scheduled", "running", "queued"),
        *("running", "failed", "queued"),
        *("running", "queued", "running", "succeeded"),
    ]
    assert {event.version for event in whole} == set(seen)
    assert all(event in seen[event.version] for event in whole)


def test_a_state_that_is_told_again_later_is_told_the_same(transitions: Transitions) -> None:
    # given a job that failed once and succeeded
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    transitions.advance(7)
    (claim,) = worker.claim()
    (running,) = transitions.events("a", 1)
    transitions.advance(7)
    worker.finish(claim, Retry(0, PROBLEM))
    (_, queued) = transitions.events("a", 1)
    transitions.advance(7)
    worker.finish(worker.claim()[0], Done(b"1"))

    # then when it ran and why it waited again is told as it was at the time
    assert transitions.events("a", 1)[:2] == [running, queued]
    assert isinstance(running.what, StateChange)
    assert isinstance(queued.what, StateChange)
    assert (running.what.worker, running.what.attempt, running.what.error) == ("w", 1, None)
    assert (queued.what.attempt, queued.what.error and queued.what.error.code) == (1, "handler-error")


def test_after_the_last_version_there_is_nothing_and_beyond_it_neither(transitions: Transitions) -> None:
    transitions.submit(new_job("a"))

    assert transitions.events("a", 1) == transitions.events("a", 2**60) == []


def test_of_more_attempts_than_are_kept_the_last_are_told_in_order(transitions: Transitions) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    for _ in range(keys.HISTORY_ENTRIES + 10):
        worker.finish(worker.claim()[0], Snoozed(0))

    told = transitions.states("a")

    assert told[0] == (1, "queued")
    assert [state for _, state in told[1:]] == ["running", "queued"] * keys.HISTORY_ENTRIES
    assert [version for version, _ in told[1:]] == list(range(22, 102))


class Watcher:
    """Reads on after each step, as a reader who is there all the time."""

    def __init__(self, transitions: Transitions) -> None:
        self._transitions = transitions
        self.seen: list[JobEvent] = []

    def look(self) -> list[str]:
        """The states that are new, after time has passed: an event tells when it happened, not when it is read."""
        self._transitions.advance(3)
        version = self.seen[-1].version if self.seen else 0
        news = self._transitions.events("a", version)
        self.seen += news
        return states(news)


@pytest.fixture
def watcher(transitions: Transitions) -> Iterator[Watcher]:
    """Of job a. In the end, whoever comes late is told word for word what it saw."""
    watcher = Watcher(transitions)
    yield watcher
    transitions.advance(HOUR)
    assert replayed(transitions, "a") == watcher.seen


def test_the_end_and_the_new_beginning_of_a_job_that_never_ran_are_told(
    transitions: Transitions, watcher: Watcher
) -> None:
    transitions.submit(new_job("a"))
    assert watcher.look() == ["queued"]

    for _ in range(3):
        transitions.cancel("a")
        assert watcher.look() == ["cancelled"]
        transitions.retry("a")
        assert watcher.look() == ["queued"]

    transitions.cancel("a")
    assert watcher.look() == ["cancelled"]


def test_a_job_that_was_not_started_in_time_and_then_retried_is_told_so(
    transitions: Transitions, watcher: Watcher
) -> None:
    transitions.submit(new_job("a", start_before=START + 1000))
    assert watcher.look() == ["queued"]
    transitions.advance(1000)
    transitions.reap()
    assert watcher.look() == ["cancelled"]

    transitions.retry("a")
    assert watcher.look() == ["queued"]

    ended = watcher.seen[1].what
    assert isinstance(ended, StateChange)
    assert ended.error is not None
    assert ended.error.code == "expired"


@pytest.mark.parametrize("outcome", [Retry(0, PROBLEM), Snoozed(5), Released(), Cancelled(PROBLEM)])
def test_why_a_job_was_cancelled_while_it_ran_is_still_told_after_it_was_retried(
    transitions: Transitions, watcher: Watcher, outcome: Outcome
) -> None:
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    (claim,) = worker.claim()
    transitions.cancel("a")
    assert watcher.look() == ["queued", "running"]
    worker.finish(claim, outcome)
    assert watcher.look() == ["cancelled"]

    transitions.retry("a")
    assert watcher.look() == ["queued"]
    worker.finish(worker.claim()[0], Failed(PROBLEM))
    assert watcher.look() == ["running", "failed"]
    transitions.retry("a")
    assert watcher.look() == ["queued"]


def test_a_job_that_killed_its_workers_and_was_retried_is_told_so(
    transitions: Transitions, watcher: Watcher
) -> None:
    worker = ScriptedWorker(transitions, lease=LEASE)
    transitions.submit(new_job("a"))
    for _ in range(keys.MAX_DEATHS):
        worker.claim()
        transitions.advance(LEASE)
        transitions.reap()
    assert watcher.look()[-1] == "failed"

    transitions.retry("a")
    assert watcher.look() == ["queued"]


def test_a_new_time_is_told_with_the_state_that_it_leads_to(
    transitions: Transitions, watcher: Watcher
) -> None:
    transitions.submit(new_job("a"))
    assert watcher.look() == ["queued"]

    for run_at, state in ((START + HOUR, "scheduled"), (START - HOUR, "queued"), (START + HOUR, "scheduled")):
        transitions.amend("a", Amendment(run_at=at(run_at)))
        assert watcher.look() == [state]

    transitions.amend("a", Amendment(run_at=at(START + HOUR), priority="high", tags=["t"]))
    assert watcher.look() == []


def test_a_job_that_was_scheduled_at_first_is_told_so_ever_after(
    transitions: Transitions, watcher: Watcher
) -> None:
    # given a job for later
    transitions.submit(new_job("a", delay=5))
    assert watcher.look() == ["scheduled"]

    # when its time comes, and it runs
    transitions.advance(5000)
    assert transitions.states("a") == [(1, "scheduled")]
    worker = ScriptedWorker(transitions)
    worker.finish(worker.claim()[0], Done(b"1"))

    # then it is still told that it was for later
    assert watcher.look() == ["running", "succeeded"]


def test_how_a_job_began_is_told_when_its_history_reaches_back_no_more(transitions: Transitions) -> None:
    transitions.submit(new_job("a", delay=5))
    transitions.advance(5000)
    worker = ScriptedWorker(transitions)
    for _ in range(keys.HISTORY_ENTRIES + 1):
        worker.finish(worker.claim()[0], Snoozed(0))

    assert transitions.states("a")[:2] == [(1, "scheduled"), (4, "running")]


def test_what_is_hidden_takes_no_attempt_from_the_twenty_that_are_shown(transitions: Transitions) -> None:
    # given a job that was run, failed and retried 25 times
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"))
    for _ in range(25):
        transitions.advance(1)
        worker.finish(worker.claim()[0], Failed(PROBLEM))
        transitions.retry("a")

    # then its last 20 attempts are shown, and with the one that runs 20 as well
    waiting = records.job_from("a", transitions.call("get", "a", "")).history
    transitions.advance(1)
    worker.claim()
    running = records.job_from("a", transitions.call("get", "a", "")).history
    times = [round(attempt.started_at.timestamp() * 1000) - START for attempt in running]
    assert len(waiting) == keys.HISTORY_LENGTH
    assert times == list(range(7, 27))
