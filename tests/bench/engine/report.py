"""`docs/benchmarks.md`: conditions, the promises with what was found, and every engine side by side."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.engine import promises
from tests.bench.engine.figures import BACKGROUND_TASKS, OURS, Found, Posted, Spread, percentile
from tests.bench.engine.stage import Drained

WAYS = {"singly": "one after another", "at_once": "50 at once", "bulk": "in bulk"}


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a run was made. facts: sentences, such as the machine. versions: engine → what of it was installed."""

    is_quick: bool
    facts: Sequence[str]
    versions: dict[str, str]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    separator = "|" + " --- |" * len(head)
    return "\n".join([_row(head), separator, *(_row(row) for row in rows)])


def console(found: Found) -> str:
    """The table of promises for a terminal."""
    rows = [
        ["measure", "measured (min–max)", "must", "goal", "met"],
        *(one.cells() for one in promises.lines(found)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in text)


def page(found: Found, conditions: Conditions, images: str) -> str:
    """The whole page. images: the folder of the curves, as seen from it."""
    return "\n\n".join(part for part in _parts(found, conditions, images) if part) + "\n"


def _parts(found: Found, conditions: Conditions, images: str) -> Iterable[str]:
    yield "# Benchmarks"
    yield (
        "This page is written by `make bench`. Jobs per second vary with the machine, so read the ratios, and the "
        "CPU per job beside them. A no-op flatters every queue: with 20 ms of work per job the differences shrink, "
        "with seconds only latency and recovery are left."
    )
    if conditions.is_quick:
        yield "**A quick run** (`QUICK=1`): fewer jobs and rounds, and the depth ends at 200,000."
    yield "## What is promised"
    yield table(
        ["measure", "measured (min–max of the rounds)", "must", "goal", "met"],
        (one.cells() for one in promises.lines(found)),
    )
    yield "## Conditions"
    yield "\n".join(f"- {fact}" for fact in conditions.facts)
    yield table(["engine", "versions"], conditions.versions.items())
    yield "\n".join(f"- **{name} is missing**: {reason}" for name, reason in found.missing.items())
    yield "## Running: one worker process, 100 jobs at a time"
    yield table(
        [
            "engine",
            "jobs/s",
            "worker CPU µs/job",
            "Redis CPU µs/job",
            "bytes/job queued",
            "finished",
            "rounds",
        ],
        (_drain_row(name, found) for name in found.rounds),
    )
    yield "With what the engine logs at INFO, written to a file:"
    yield table(["engine", "jobs/s", "worker CPU µs/job", "Redis CPU µs/job"], _drained_rows(found.logged))
    yield "## Enqueueing: one client, jobs/s"
    yield table(
        ["engine", *WAYS.values()],
        ([name, *(_median(found.enqueued(name, way), ",.0f") for way in WAYS)] for name in found.rounds),
    )
    yield "## Latency"
    yield "From the call of the client to the first line of the job on an idle worker, a job each 20 ms:"
    yield table(
        ["engine", "p50 ms", "p99 ms", "jobs"],
        (
            [name, *(f"{percentile(values, share):.2f}" for share in (0.5, 0.99)), str(len(values))]
            for name, values in found.pickups.items()
        ),
    )
    yield "## `POST /v1/jobs` against the same body into FastAPI's BackgroundTasks"
    yield table(
        ["", "closed loop: req/s", "p50 ms", "p99 ms", f"{found.steady_rate:,.0f} req/s: p50 ms", "p99 ms"],
        (_posted_row(name, found) for name in (OURS, BACKGROUND_TASKS) if name in found.steady),
    )
    yield "## Depth and processes"
    yield f"![CPU per job by depth]({images}/bench-depth.svg)"
    yield table(
        ["jobs queued", "jobs/s", "worker CPU µs/job", "Redis CPU µs/job"],
        _drained_rows({f"{depth:,}": rounds for depth, rounds in found.depths.items()}),
    )
    yield f"![Jobs per second by worker processes]({images}/bench-workers.svg)"
    yield table(
        ["engine, worker processes", "jobs/s", "worker CPU µs/job", "Redis CPU µs/job"],
        _drained_rows(
            {
                f"{name}, {count}": rounds
                for name, curve in found.workers.items()
                for count, rounds in curve.items()
            }
        ),
    )


def _drain_row(name: str, found: Found) -> list[str]:
    rounds = found.rounds[name]
    return [
        name,
        *_drained_cells([one.drained for one in rounds]),
        f"{statistics.median(one.queued for one in rounds):,.0f}",
        f"{statistics.median(one.finished for one in rounds):,.0f}",
        str(len(rounds)),
    ]


def _drained_rows(series: dict[str, list[Drained]]) -> Iterable[list[str]]:
    return ([name, *_drained_cells(rounds)] for name, rounds in series.items())


def _drained_cells(rounds: Sequence[Drained]) -> list[str]:
    rate = Spread.of([one.rate for one in rounds])
    return [
        f"{rate.median:,.0f} ({rate.low:,.0f}–{rate.high:,.0f})",
        *(_median(cpu, ".1f") for cpu in ([one.worker for one in rounds], [one.redis for one in rounds])),
    ]


def _posted_row(name: str, found: Found) -> list[str]:
    return [
        name,
        _posted(found.closed[name], "rate", ",.0f"),
        *_latencies(found.closed[name]),
        *_latencies(found.steady[name]),
    ]


def _latencies(posted: Sequence[Posted]) -> list[str]:
    return [_posted(posted, "p50", ".2f"), _posted(posted, "p99", ".2f")]


def _posted(posted: Sequence[Posted], field: str, form: str) -> str:
    return _median([getattr(one, field) for one in posted], form)


def _median(values: Sequence[float], form: str) -> str:
    return format(statistics.median(values), form) if values else "–"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
