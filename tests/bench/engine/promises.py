"""What the engine's design promises about speed, and whether a run has kept it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.bench.engine.figures import (
    ARQ_TUNED,
    BACKGROUND_TASKS,
    BULLMQ,
    OURS,
    Found,
    Spread,
    percentile,
)
from tests.bench.peers.catalog import PYTHON

RATIO = " ×"


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the table.

    key: where it stands in `bench.json`. must, goal: bounds, lower ones if more is better. measure: raises ValueError,
    as does the median of nothing, if what it needs was not measured.
    """

    key: str
    text: str
    must: float
    goal: float
    measure: Callable[[Found], Spread]
    is_more_better: bool = True
    unit: str = RATIO


@dataclass(frozen=True, slots=True)
class Line:
    """A promise and what a run has found. value: None if it could not be measured."""

    promise: Promise
    value: Spread | None

    @property
    def holds(self) -> bool:
        """Whether the must is met; what was not measured is not met."""
        return self.verdict in {"must", "goal"}

    @property
    def verdict(self) -> str:
        """`goal`, `must`, `MISSED` or `NOT MEASURED`."""
        if self.value is None:
            return "NOT MEASURED"
        for name, bound in (("goal", self.promise.goal), ("must", self.promise.must)):
            if self.value.median >= bound if self.promise.is_more_better else self.value.median <= bound:
                return name
        return "MISSED"

    def cells(self) -> list[str]:
        """For a table: text, value with its spread, must, goal, verdict."""
        sign = "≥" if self.promise.is_more_better else "≤"
        bounds = [f"{sign} {bound:g}{self.promise.unit}" for bound in (self.promise.must, self.promise.goal)]
        return [self.promise.text, self._value(), *bounds, self.verdict]

    def _value(self) -> str:
        if self.value is None:
            return "–"
        spread = "" if self.value.low == self.value.high else f" ({self.value.low:.3g}–{self.value.high:.3g})"
        return f"{self.value.median:.3g}{self.promise.unit}{spread}"


def lines(found: Found) -> list[Line]:
    """All promises in the order of the table."""
    return [Line(promise, _measured(promise, found)) for promise in PROMISES]


def summary(found: Found) -> dict[str, object]:
    """The figures of `bench.json`; null where nothing was measured."""
    values = {one.promise.key: one.value.median if one.value else None for one in lines(found)}
    document: dict[str, dict[str, float | None] | float | None] = {}
    for key in KEYS:
        group, _, name = key.partition(".")
        if not name:
            document[group] = values[key]
            continue
        part = document.setdefault(group, {})
        assert isinstance(part, dict)
        part[name] = values[key] if key in values else _value(OTHERS[key], found)
    return dict(document)


def _measured(promise: Promise, found: Found) -> Spread | None:
    with suppress(ValueError):
        return promise.measure(found)
    return None


def _value(measure: Callable[[Found], float], found: Found) -> float | None:
    with suppress(ValueError):
        return measure(found)
    return None


def _drain(other: str) -> Callable[[Found], Spread]:
    return lambda found: Spread.ratio(found.drained(OURS), found.drained(other))


def _fastest_python(found: Found) -> Spread:
    rates = {peer.name: found.drained(peer.name) for peer in PYTHON if found.drained(peer.name)}
    if not rates:
        return Spread.of([])
    return Spread.ratio(found.drained(OURS), max(rates.values(), key=lambda one: Spread.of(one).median))


def _worker(found: Found) -> Spread:
    return Spread.of([one.drained.worker for one in found.rounds.get(OURS, [])])


def _logged(found: Found) -> Spread:
    ours, theirs = ([one.rate for one in found.logged.get(name, [])] for name in (OURS, ARQ_TUNED))
    return Spread.ratio(ours, theirs)


def _enqueue(way: str) -> Callable[[Found], Spread]:
    return lambda found: Spread.ratio(found.enqueued(OURS, way), found.enqueued(BULLMQ, way))


def _pick_up(share: float) -> Callable[[Found], float]:
    return lambda found: percentile(found.pickups.get(OURS, []), share)


def _wait(found: Found) -> Spread:
    return Spread.of([percentile(found.waits, 0.95)])


def _depth(found: Found) -> Spread:
    """CPU of the worker and Redis together, at the greatest depth against the least."""
    if len(found.depths) < 2:
        return Spread.of([])
    deep, shallow = (
        [one.worker + one.redis for one in found.depths[depth]]
        for depth in (max(found.depths), min(found.depths))
    )
    return Spread.ratio(deep, shallow)


def _posted(found: Found) -> Spread:
    ours, theirs = ([one.rate for one in found.closed.get(name, [])] for name in (OURS, BACKGROUND_TASKS))
    return Spread.ratio(ours, theirs)


def _late(found: Found) -> Spread:
    ours, theirs = ([one.p99 for one in found.steady.get(name, [])] for name in (OURS, BACKGROUND_TASKS))
    return Spread.ratio(ours, theirs)


PROMISES: Sequence[Promise] = (
    Promise("ratios.drain_vs_bullmq", "drain, 1 worker process, no-op, vs BullMQ", 0.8, 1.5, _drain(BULLMQ)),
    Promise("ratios.drain_vs_arq_tuned", "drain vs arq tuned", 8, 20, _drain(ARQ_TUNED)),
    Promise(
        "ratios.drain_vs_fastest_python",
        "drain vs the fastest Python peer of the run",
        5,
        10,
        _fastest_python,
    ),
    Promise(
        "cpu_us_per_job.worker",
        "worker CPU per job, log level WARNING",
        60,
        30,
        _worker,
        is_more_better=False,
        unit=" µs",
    ),
    Promise(
        "ratios.drain_logged_vs_arq_tuned", "drain with INFO logs to a file, vs arq tuned", 3, 6, _logged
    ),
    Promise(
        "ratios.enqueue50_vs_bullmq", "enqueue, 50-way concurrent, vs BullMQ", 1.2, 2, _enqueue("at_once")
    ),
    Promise("ratios.bulk_vs_bullmq", "enqueue in bulk, vs BullMQ's addBulk", 1.5, 3, _enqueue("bulk")),
    Promise(
        "pickup_ms.p50",
        "pick-up, idle worker, p50",
        3,
        1,
        lambda found: Spread.of([_pick_up(0.5)(found)]),
        is_more_better=False,
        unit=" ms",
    ),
    Promise("wait_ms.p95", "finish → waiting client, p95", 20, 5, _wait, is_more_better=False, unit=" ms"),
    Promise(
        "ratios.depth_cost",
        "CPU per job with many queued, vs a shallow queue",
        1.5,
        1.2,
        _depth,
        is_more_better=False,
    ),
    Promise(
        "ratios.post_vs_background_tasks",
        "POST /v1/jobs vs BackgroundTasks, req/s, 1 process",
        0.5,
        0.8,
        _posted,
    ),
    Promise(
        "ratios.p99_vs_background_tasks",
        "the same at equal rate (open loop), p99 of the answer",
        2,
        1.2,
        _late,
        is_more_better=False,
    ),
    Promise(
        "crash_pickup_s",
        "crash pick-up (kill -9 of the worker, lease 15 s)",
        20,
        5,
        lambda found: Spread.of(found.crashes),
        is_more_better=False,
        unit=" s",
    ),
)
OTHERS: Mapping[str, Callable[[Found], float]] = {
    "cpu_us_per_job.redis": lambda found: (
        Spread.of([one.drained.redis for one in found.rounds.get(OURS, [])]).median
    ),
    "pickup_ms.p99": _pick_up(0.99),
}
KEYS = (
    *(one.key for one in PROMISES if one.key.startswith("ratios.")),
    "cpu_us_per_job.worker",
    "cpu_us_per_job.redis",
    "pickup_ms.p50",
    "pickup_ms.p99",
    "wait_ms.p95",
    "crash_pickup_s",
)
"""Of `bench.json`, in their order."""
