"""What `table.process` of 10,000 rows costs, against bare pandas plus the cost of one such job."""

import asyncio
import csv
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from tests.bench.measure import Measure, medians
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.contracts import Contract
from afterwork.contracts.probe import ProbeMode, ProbeRun
from afterwork.contracts.tables import ProcessTable
from afterwork.engine import JobClient, Submission, Submitted

Step = dict[str, object]
BOUND = 1.5
ROWS = 10_000
_TOTAL: Step = {"op": "derive", "set": {"total": "price * quantity"}}
_FILTER: Step = {"op": "filter", "where": "quantity >= 2 and city != 'Bonn'"}
SHAPES: Mapping[str, list[Step]] = {
    "grouped": [
        _FILTER,
        _TOTAL,
        {"op": "group", "by": ["city"], "aggregate": {"total": "sum(total)", "orders": "count()"}},
        {"op": "sort", "by": ["-total"]},
    ],
    "row by row": [_FILTER, _TOTAL],
}


def run(*, is_quick: bool) -> list[Measure]:
    """Jobs of many rows and of one, and bare pandas, in turn and one at a time."""
    with tempfile.TemporaryDirectory(prefix="aw-bench-") as name, RedisServer() as redis:
        folder = Path(name)
        _write_orders(folder / "inbox" / "orders.csv", ROWS)
        _write_orders(folder / "inbox" / "one.csv", 1)
        settings = variables(
            redis__url=redis.url,
            documents__url=f"sqlite:///{folder}/documents.sqlite",
            stores__inbox__url=f"file://{folder}/inbox",
            stores__results__url=f"file://{folder}/results",
            log__level="warning",
        )
        with ServiceProcess("processor", None, **settings), asyncio.Runner() as runner:
            return _measure(_Client(runner, redis.url), folder, rounds=20 if is_quick else 60)


def _measure(client: "_Client", folder: Path, *, rounds: int) -> list[Measure]:
    source = folder / "inbox" / "orders.csv"
    nothing = ProbeRun(queue="processor", mode=ProbeMode.CPU)
    actions: dict[str, Callable[[], object]] = {"probe": lambda: client.work(nothing)}
    for shape, steps in SHAPES.items():
        jobs = {f"{shape} of {name}": _job(name, steps) for name in ("orders", "one")}
        actions |= {name: partial(client.work, job) for name, job in jobs.items()}
        actions[f"bare {shape}"] = partial(BARE[shape], source, folder / "bare.csv")
    seconds = medians(actions, rounds=rounds)
    client.close()
    return [_compared(shape, seconds) for shape in SHAPES]


def _job(name: str, steps: list[Step]) -> ProcessTable:
    return ProcessTable.model_validate(
        {
            "source": {"object": f"inbox/{name}.csv"},
            "steps": steps,
            "output": {"object": f"results/{name}-{len(steps)}.csv"},
        }
    )


def _compared(shape: str, seconds: Mapping[str, float]) -> Measure:
    """The cost of one job is that of the same job over a table of one row."""
    ours, bare, one = (seconds[name] for name in (f"{shape} of orders", f"bare {shape}", f"{shape} of one"))
    circumstances = (
        f"{ROWS:,} rows; pandas alone {bare * 1000:.1f} ms, the same job with one row {one * 1000:.1f} ms,"
        f" a child process that does nothing {seconds['probe'] * 1000:.1f} ms"
    )
    return Measure(f"table: {shape}", ours / (bare + one), BOUND, ours, circumstances)


@dataclass(slots=True)
class _Client:
    """Submits a job and waits for its end."""

    runner: asyncio.Runner
    url: str
    client: JobClient | None = None

    def work(self, job: Contract) -> None:
        """Raises AssertionError if it does not succeed."""
        self.runner.run(self._work(job))

    def close(self) -> None:
        """Close the connection."""
        if self.client is not None:
            self.runner.run(self.client.__aexit__(None, None, None))

    async def _work(self, job: Contract) -> None:
        if self.client is None:
            self.client = await JobClient.connect(self.url).__aenter__()
        [submitted] = await self.client.submit_many([Submission.of(job)])
        assert isinstance(submitted, Submitted)
        ended = await self.client.wait(submitted.job.id, 60)
        assert ended.state == "succeeded", ended.error


def _write_orders(path: Path, rows: int) -> None:
    path.parent.mkdir(exist_ok=True)
    cities = ["Bonn", "Oslo", "Zürich", 'New "York"', "a,b"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "day", "city", "price", "quantity", "note"])
        for number in range(rows):
            day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
            writer.writerow(
                [number, day, cities[(number + 1) % 5], number % 97 / 4, (number + 2) % 7, f"order {number}"]
            )


def _grouped(source: Path, target: Path) -> None:
    frame = _read(source)
    grouped = frame.groupby("city", sort=False).agg(total=("total", "sum"), orders=("total", "size"))
    grouped.reset_index().sort_values("total", ascending=False).to_csv(target, index=False)


def _row_by_row(source: Path, target: Path) -> None:
    _read(source).to_csv(target, index=False)


def _read(source: Path) -> pd.DataFrame:
    frame = pd.read_csv(source, parse_dates=["day"])
    frame = frame[(frame["quantity"] >= 2) & (frame["city"] != "Bonn")]
    return frame.assign(total=frame["price"] * frame["quantity"])


BARE: Mapping[str, Callable[[Path, Path], None]] = {"grouped": _grouped, "row by row": _row_by_row}
"""The same with pandas alone."""
