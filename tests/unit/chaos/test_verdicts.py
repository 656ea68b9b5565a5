"""What a run of chaos is judged by: every way in which a promise can be broken is seen, and charged to its fault."""

from datetime import UTC, datetime

from tests.chaos.producers import Sent
from tests.chaos.runs import Run
from tests.chaos.verdicts import BEFORE, Books, Stroke, Verdict, judge

from afterwork.contracts import Attempt, Durability, Job, JobState, Ledger, Priority, Problem

VICTIM, OTHER = "appender-host-11-aa", "appender-host-22-bb"
KILL = Stroke("killed", began=100, ended=100, workers=frozenset({11}), flow=0.5, takeover=2.0)
SLOW = Stroke("slow", began=200, ended=210, workers=frozenset({11}), flow=0.1)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def problem(code: str) -> Problem:
    return Problem(type=f"/problems/{code}", title="", status=500, detail="")


def attempt(worker: str, began: float, ended: float, error: str | None = None) -> Attempt:
    return Attempt(
        attempt=1,
        started_at=at(began),
        finished_at=at(ended),
        worker=worker,
        error=problem(error) if error else None,
    )


def job(
    *history: Attempt,
    state: JobState = JobState.SUCCEEDED,
    error: str | None = None,
    claims: int | None = None,
) -> Job:
    return Job(
        id="one",
        kind="chaos.append",
        queue="appender",
        state=state,
        priority=Priority.NORMAL,
        attempt=1,
        max_attempts=5,
        claims=len(history) if claims is None else claims,
        deaths=sum(one.error is not None for one in history),
        timeout=60,
        durability=Durability.FSYNC,
        created_at=at(99),
        run_at=at(99),
        started_at=at(99),
        finished_at=at(150),
        error=problem(error) if error else None,
        unique_key=None,
        cancel_requested=False,
        worker=None,
        version=1,
        as_of=at(300),
        history=list(history),
    )


def ledger(accepted: int = 1, imbalance: int = 0) -> Ledger:
    zeros = dict.fromkeys(Ledger.model_fields, 0)
    return Ledger(**zeros | {"accepted": accepted, "succeeded": accepted, "imbalance": imbalance})


def verdict(
    found: Job | None,
    *,
    effects: int,
    sent_at: float = 99.0,
    strokes: tuple[Stroke, ...] = (KILL, SLOW),
    released: tuple[Run, ...] = (),
    counts: Ledger | None = None,
    accidents: tuple[str, ...] = (),
) -> Verdict:
    books = Books(
        sent=[Sent("one", sent_at)],
        jobs={} if found is None else {"one": found},
        released={"one": released},
        effects={"one": effects},
        ledger=counts or ledger(),
        accidents=accidents,
    )
    return judge(books, strokes)


def test_an_undisturbed_job_is_counted_where_it_was_submitted() -> None:
    found = verdict(job(attempt(OTHER, 150, 151)), effects=1, sent_at=150.0)

    assert found.breaches == []
    assert {fault: row.submitted for fault, row in found.rows.items()} == {BEFORE: 0, "killed": 1, "slow": 0}
    assert sum(row.hit + row.lost + row.doubled for row in found.rows.values()) == 0


def test_times_and_recoveries_stand_with_their_fault() -> None:
    again = Stroke("killed", began=220, ended=220, workers=frozenset({22}), flow=0.7, takeover=None)

    found = verdict(job(attempt(OTHER, 98, 99)), effects=1, strokes=(KILL, SLOW, again))

    row = found.rows["killed"]
    assert (row.times, row.flows, row.takeovers) == (2, [0.5, 0.7], [2.0])


def test_what_was_done_twice_is_charged_to_the_fault_that_hit_the_first_run() -> None:
    history = (attempt(VICTIM, 99, 103, "worker-lost"), attempt(OTHER, 103, 104))

    found = verdict(job(*history), effects=2)

    assert found.breaches == []
    assert (found.rows["killed"].hit, found.rows["killed"].doubled) == (1, 1)
    assert found.rows["slow"].doubled == 0


def test_of_two_faults_that_hit_a_run_the_last_one_ended_it() -> None:
    before = Stroke("stalled", began=96, ended=98, workers=frozenset({11, 22}), flow=0.1)
    history = (attempt(VICTIM, 97, 103, "worker-lost"), attempt(OTHER, 103, 104))

    found = verdict(job(*history), effects=2, strokes=(before, KILL))

    assert (found.rows["stalled"].hit, found.rows["stalled"].doubled) == (1, 0)
    assert (found.rows["killed"].hit, found.rows["killed"].doubled) == (1, 1)


def test_a_run_that_was_given_back_explains_a_second_effect() -> None:
    released = (Run(VICTIM, 199, 205, "released"),)

    found = verdict(job(attempt(VICTIM, 212, 213), claims=2), effects=2, released=released)

    assert found.breaches == []
    assert found.rows["slow"].doubled == 1


def test_a_run_that_is_told_of_twice_takes_nothing_from_another_fault() -> None:
    stall = Stroke("stalled", began=90, ended=95, workers=frozenset({22}), flow=0.1)
    history = (attempt(VICTIM, 98, 103, "worker-lost"), attempt(OTHER, 103, 104))
    released = (Run(OTHER, 89, 94, "released"), Run(VICTIM, 98, 106, "released"))

    found = verdict(job(*history, claims=3), effects=3, released=released, strokes=(stall, KILL))

    assert found.breaches == []
    assert (found.rows["stalled"].doubled, found.rows["killed"].doubled) == (1, 1)


def test_a_run_that_history_tells_of_explains_one_effect_only() -> None:
    history = (attempt(VICTIM, 99, 103, "worker-lost"), attempt(OTHER, 103, 104), attempt(OTHER, 104, 105))
    the_same = (Run(VICTIM, 99, 106, "released"),)

    found = verdict(job(*history), effects=3, released=the_same)

    assert len(found.breaches) == 1
    assert found.rows["killed"].doubled == 1


def test_a_second_effect_that_no_fault_explains_is_a_breach() -> None:
    elsewhere = (attempt(OTHER, 99, 103, "worker-lost"), attempt(VICTIM, 103, 104))
    too_late = (attempt(VICTIM, 101, 103, "worker-lost"), attempt(OTHER, 103, 104))
    too_often = (attempt(VICTIM, 99, 103, "worker-lost"), attempt(OTHER, 103, 104))

    found = [
        verdict(job(*elsewhere), effects=2),
        verdict(job(*too_late), effects=2),
        verdict(job(*too_often), effects=3),
        verdict(job(*too_often, claims=1), effects=2),
    ]

    assert [len(one.breaches) for one in found] == [1] * 4
    assert [one.rows["killed"].doubled for one in found] == [0, 0, 1, 1]


def test_a_job_is_lost_if_it_is_not_there_has_not_ended_or_did_nothing() -> None:
    undone = attempt(OTHER, 99, 100)

    found = [
        verdict(None, effects=1),
        verdict(job(undone, state=JobState.RUNNING), effects=1),
        verdict(job(undone), effects=0),
    ]

    assert [one.rows[BEFORE].lost for one in found] == [1, 1, 1]
    assert [one.breaches[0].partition(":")[0] for one in found] == ["lost"] * 3


def test_a_job_may_be_given_up_after_three_deaths_and_may_fail_in_no_other_way() -> None:
    deaths = [attempt(VICTIM, begin, begin + 1, "worker-lost") for begin in (97, 99, 201)]

    given_up = verdict(job(*deaths, state=JobState.FAILED, error="worker-lost"), effects=0)
    failed = [
        verdict(job(*deaths, state=JobState.FAILED, error="timeout"), effects=0),
        verdict(job(*deaths[:2], state=JobState.FAILED, error="worker-lost"), effects=0),
        verdict(job(*deaths, state=JobState.CANCELLED, error="worker-lost"), effects=0),
    ]

    assert (given_up.breaches, given_up.given_up) == ([], 1)
    assert [len(one.breaches) for one in failed] == [1, 1, 1]


def test_the_ledger_must_hold_what_was_acknowledged_and_nothing_else() -> None:
    done = job(attempt(OTHER, 99, 100))

    assert len(verdict(done, effects=1, counts=ledger(imbalance=1)).breaches) == 1
    assert len(verdict(done, effects=1, counts=ledger(accepted=2)).breaches) == 1


def test_two_requests_must_not_be_told_of_the_same_job() -> None:
    done = job(attempt(OTHER, 99, 100))
    books = Books([Sent("one", 99), Sent("one", 99)], {"one": done}, {}, {"one": 1}, ledger(accepted=2), [])

    assert judge(books, ()).breaches == ["acknowledged for two requests: ['one']"]


def test_an_accident_is_a_breach() -> None:
    found = verdict(job(attempt(OTHER, 99, 100)), effects=1, accidents=("a process ended by itself",))

    assert found.breaches == ["a process ended by itself"]
