"""`events_since`: what is told of a job's past is what was told at the time, from whatever version on."""

from tests.integration.engine.readers import states
from tests.integration.engine.transitions import PROBLEM, ScriptedWorker, Transitions, new_job, report

from afterwork.contracts import JobEvent, StateChange
from afterwork.engine import keys
from afterwork.engine.work.outcome import Done, Failed, Released, Retry, Snoozed

LEASE = 1000


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
    for _ in range(30):
        worker.finish(worker.claim()[0], Snoozed(0))

    told = transitions.states("a")

    assert told[0] == (1, "queued")
    assert [state for _, state in told[1:]] == ["running", "queued"] * keys.HISTORY_LENGTH
    assert [version for version, _ in told[1:]] == list(range(22, 62))
