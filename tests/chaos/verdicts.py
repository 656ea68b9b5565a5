"""What became of every job, held against what happened meanwhile: pure, counted from records, effects and faults."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.books import MAX_DEATHS
from tests.chaos.producers import Sent
from tests.chaos.runs import Run

from afterwork.contracts import Job, JobState, Ledger

BEFORE = "before the first fault"


@dataclass(frozen=True, slots=True)
class Stroke:
    """A fault that happened. began, ended: in seconds since 1970.

    workers: process ids of the workers whose jobs it may have made run twice.
    flow: seconds from its end until a job that was submitted after it had succeeded.
    takeover: seconds from its beginning until all jobs that the worker ran were started elsewhere; None if it ran none.
    """

    fault: str
    began: float
    ended: float
    workers: frozenset[int]
    flow: float
    takeover: float | None = None

    def hit(self, run: Run) -> bool:
        """Whether it was a run by one of its workers while the fault lasted."""
        return run.pid in self.workers and run.began <= self.ended and run.ended >= self.began


@dataclass(frozen=True, slots=True)
class Books:
    """All that is known in the end.

    jobs: those of the sent ones that were found, by id. released: runs that were given back, by job id.
    effects: how often what a job is to do was done, by job id. accidents: what the processes were not prepared for.
    """

    sent: Sequence[Sent]
    jobs: Mapping[str, Job]
    released: Mapping[str, Sequence[Run]]
    effects: Mapping[str, int]
    ledger: Ledger
    accidents: Sequence[str]


@dataclass(slots=True)
class Row:
    """One kind of fault, over all its strokes.

    submitted: jobs whose first request left between its beginning and that of the next fault. lost: those of them that
    are not there, have not ended, or succeeded without their effect. hit: jobs that ran on a worker that it hit.
    doubled: effects of these jobs beyond one each.
    """

    times: int = 0
    submitted: int = 0
    lost: int = 0
    hit: int = 0
    doubled: int = 0
    flows: list[float] = field(default_factory=list)
    takeovers: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """rows: by fault. given_up: jobs that ended because their workers had died three times, as documented.

    breaches: what must not be; nothing if all is well.
    """

    rows: Mapping[str, Row]
    given_up: int
    breaches: Sequence[str]


def judge(books: Books, strokes: Sequence[Stroke]) -> Verdict:
    """Attribute every job to a fault, and name whatever is not as promised."""
    faults = sorted({stroke.fault for stroke in strokes}, key=str.casefold)
    rows = {name: Row() for name in (BEFORE, *faults)}
    _count_strokes(rows, strokes)
    breaches = [*books.accidents, *_of_the_ledger(books)]
    given_up = 0
    for sent in books.sent:
        job = books.jobs.get(sent.job_id)
        effects = books.effects.get(sent.job_id, 0)
        row = rows[_period(sent.sent_at, strokes)]
        row.submitted += 1
        if not _is_kept(job, effects):
            row.lost += 1
            breaches.append(f"lost: {_described(sent.job_id, job)}, effects {effects}")
        if job is not None:
            given_up += job.state is JobState.FAILED
            runs = _runs(job, books.released.get(job.id, ()))
            breaches += _of_the_end(job)
            breaches += _attribute(job, runs, effects, rows, strokes)
    return Verdict(rows, given_up, breaches)


def _count_strokes(rows: Mapping[str, Row], strokes: Iterable[Stroke]) -> None:
    for stroke in strokes:
        row = rows[stroke.fault]
        row.times += 1
        row.flows.append(stroke.flow)
        if stroke.takeover is not None:
            row.takeovers.append(stroke.takeover)


def _period(moment: float, strokes: Sequence[Stroke]) -> str:
    """The last fault that had begun by then."""
    number = bisect_right([stroke.began for stroke in strokes], moment)
    return strokes[number - 1].fault if number else BEFORE


def _is_kept(job: Job | None, effects: int) -> bool:
    """It is there and has ended; if it succeeded, what it was to do is done."""
    return job is not None and job.state.is_final and (job.state is not JobState.SUCCEEDED or effects > 0)


def _of_the_end(job: Job) -> list[str]:
    """An end that is none of the two: succeeded, or failed because its workers had died three times."""
    if job.state is JobState.SUCCEEDED or not job.state.is_final:
        return []
    code = job.error.code if job.error else None
    if (job.state, code, job.deaths) == (JobState.FAILED, "worker-lost", MAX_DEATHS):
        return []
    return [f"ended as it should not: {_described(job.id, job)}"]


def _runs(job: Job, released: Sequence[Run]) -> list[Run]:
    """From its history; if that has fewer than were claimed, also those that were given back."""
    told = [Run.of(attempt) for attempt in job.history]
    return [*told, *released] if job.claims > len(told) else told


def _attribute(
    job: Job, runs: Sequence[Run], effects: int, rows: Mapping[str, Row], strokes: Sequence[Stroke]
) -> list[str]:
    """Charge effects beyond one to the faults that hit runs which did not end well: one each, the last fault first.

    The last, because a run that ended ill ended before the next fault began. More than one of a fault come last.
    """
    first: list[str] = []
    more: list[str] = []
    for stroke in reversed(strokes):
        hit = [run for run in runs if stroke.hit(run)]
        rows[stroke.fault].hit += bool(hit)
        ended_ill = sum(run.outcome is not None for run in hit)
        first += [stroke.fault] * min(1, ended_ill)
        more += [stroke.fault] * (ended_ill - 1)
    charged = [*first, *more][: max(0, effects - 1)]
    for fault in charged:
        rows[fault].doubled += 1
    if effects <= 1 + len(charged) and effects <= job.claims:
        return []
    return [f"done {effects} times, which no fault explains: {_described(job.id, job)}"]


def _of_the_ledger(books: Books) -> list[str]:
    ledger, breaches = books.ledger, []
    if ledger.imbalance:
        breaches.append(f"the ledger has an imbalance of {ledger.imbalance}: {ledger}")
    if ledger.accepted != len(books.sent):
        breaches.append(f"{ledger.accepted} jobs were stored, {len(books.sent)} acknowledged")
    twice = [job_id for job_id, count in Counter(sent.job_id for sent in books.sent).items() if count > 1]
    if twice:
        breaches.append(f"acknowledged for two requests: {twice}")
    return breaches


def _described(job_id: str, job: Job | None) -> str:
    if job is None:
        return f"job {job_id}, of which there is no record"
    ends = [(attempt.worker, attempt.error.code if attempt.error else None) for attempt in job.history]
    return f"job {job_id} ({job.kind}, {job.state}, {job.claims} claims, attempts {ends})"
