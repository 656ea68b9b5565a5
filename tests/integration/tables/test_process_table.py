"""Table jobs in their child processes, from store to store."""

import asyncio
import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from afterwork.contracts.tables import ProcessTable
from afterwork.engine.work.outcome import Done, Failed, Outcome
from afterwork.sandbox import Sandbox
from afterwork.stores import Stores
from afterwork.testing import Reported, work
from processor.jobs import jobs
from processor.tables import transfer

ROWS = 200_000
CITIES = ["Zürich", 'New "York"', "two\nlines", "a,b", "東京"]
EATS_MEMORY = [
    {"op": "derive", "set": {f"c{number}": f"replace(text(id), '1', '{'x' * 300}{number}')"}}
    for number in range(20)
]


def orders() -> bytes:
    """Many rows, with quotes, line breaks and Unicode."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["id", "city", "price", "quantity"])
    writer.writerows([number, CITIES[number % 5], number % 97, number % 5] for number in range(ROWS))
    return text.getvalue().encode()


ORDERS = orders()


async def content(stores: Stores, name: str) -> bytes:
    place = stores.find(name)
    async with place.store.read(place.key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


async def processed(
    stores: Stores, sandbox: Sandbox, job: dict[str, object], reported: Reported | None = None
) -> Outcome:
    return await work(jobs, ProcessTable.model_validate(job), reported=reported, parts=[stores, sandbox])


def left_in(scratch: Path) -> list[Path]:
    """Directories of jobs that were not removed."""
    return list(scratch.glob("afterwork-table-*"))


def result_of(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Done), outcome
    result: dict[str, Any] = json.loads(outcome.result)
    return result


def problem_of(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Failed), outcome
    problem: dict[str, Any] = json.loads(outcome.problem)
    return problem


async def test_a_table_of_200_000_rows_is_processed_in_little_memory(
    stores: Stores, sandbox: Sandbox
) -> None:
    # given
    await stores["inbox"].write("orders.csv", ORDERS)
    reported = Reported()

    # when
    outcome = await processed(
        stores,
        sandbox,
        {
            "source": {"object": "inbox/orders.csv"},
            "steps": [
                {"op": "filter", "where": "quantity >= 2"},
                {"op": "derive", "set": {"total": "price * quantity"}},
                {"op": "group", "by": ["city"], "aggregate": {"total": "sum(total)", "orders": "count()"}},
                {"op": "sort", "by": ["-city"]},
            ],
            "output": {"object": "results/by-city.csv"},
        },
        reported,
    )

    # then
    result = result_of(outcome)
    written = await content(stores, "results/by-city.csv")
    expected: dict[str, list[int]] = {}
    for number in range(ROWS):
        if number % 5 >= 2:
            found = expected.setdefault(CITIES[number % 5], [0, 0])
            found[0] += number % 97 * (number % 5)
            found[1] += 1
    rows = list(csv.reader(io.StringIO(written.decode(), newline="")))
    assert rows == [
        ["city", "total", "orders"],
        *([city, *map(str, expected[city])] for city in sorted(expected, reverse=True)),
    ]
    assert result["output"] == {
        "object": "results/by-city.csv",
        "bytes": len(written),
        "sha256": hashlib.sha256(written).hexdigest(),
    }
    assert result["peak_memory"] < 400 * 2**20
    assert [progress.done for progress in reported.progresses][-1] == 6
    assert (await stores["results"].stat("by-city.csv")).content_type == "text/csv; charset=utf-8"


async def test_a_job_that_runs_again_writes_the_same_object(
    stores: Stores, sandbox: Sandbox, scratch: Path
) -> None:
    # given
    job: dict[str, object] = {
        "source": {"records": [{"a": 1}, {"a": None}]},
        "output": {"object": "results/x.parquet"},
    }

    # when
    first = result_of(await processed(stores, sandbox, job))
    before = await content(stores, "results/x.parquet")
    again = result_of(await processed(stores, sandbox, job))

    # then
    assert first["output"] == again["output"]
    assert await content(stores, "results/x.parquet") == before
    assert left_in(scratch) == []


@pytest.mark.parametrize(
    ("source", "output", "fact"),
    [
        ("inbox/none.csv", "results/x.csv", "none.csv"),
        ("nowhere/x.csv", "results/x.csv", "there is no store named 'nowhere'"),
        ("inbox/x.csv", "nowhere/x.csv", "there is no store named 'nowhere'"),
        ("inbox/ragged.csv", "results/x.csv", "row 1 (ending at line 2) has 3 fields"),
    ],
)
async def test_input_that_cannot_be_used_fails_the_job_at_once(
    source: str, output: str, fact: str, stores: Stores, sandbox: Sandbox, scratch: Path
) -> None:
    # given
    await stores["inbox"].write("x.csv", b"a\n1\n")
    await stores["inbox"].write("ragged.csv", b"a,b\n1,2,3\n")

    # when
    outcome = await processed(stores, sandbox, {"source": {"object": source}, "output": {"object": output}})

    # then
    problem = problem_of(outcome)
    assert problem["type"] == "/problems/input-invalid"
    assert fact in problem["detail"]
    assert [info async for info in stores["results"].list()] == []
    assert left_in(scratch) == []


async def test_a_job_that_eats_memory_fails_and_the_next_one_is_served(
    stores: Stores, sandbox: Sandbox
) -> None:
    # given
    await stores["inbox"].write("orders.csv", ORDERS)

    # when
    eater = await processed(
        stores,
        sandbox,
        {
            "source": {"object": "inbox/orders.csv"},
            "steps": EATS_MEMORY,
            "output": {"object": "results/x.csv"},
        },
    )
    modest = await processed(stores, sandbox, {"source": {"records": [{"a": 1}]}})

    # then
    assert problem_of(eater)["type"] == "/problems/out-of-memory"
    assert result_of(modest)["rows"] == [{"a": 1}]
    assert [info async for info in stores["results"].list()] == []


async def test_a_cancelled_job_leaves_neither_a_process_nor_a_file(
    stores: Stores, sandbox: Sandbox, scratch: Path
) -> None:
    # given
    await stores["inbox"].write("orders.csv", ORDERS)
    computing = asyncio.Event()
    slow = [{"op": "sort", "by": ["city", "-price", "id"]}] * 50
    job = ProcessTable.model_validate(
        {"source": {"object": "inbox/orders.csv"}, "steps": slow, "output": {"object": "results/x.csv"}}
    )
    running = asyncio.create_task(
        transfer.process_table(
            job, stores, sandbox, lambda _done, _total, note: computing.set() if note == "computing" else None
        )
    )
    await asyncio.wait_for(computing.wait(), 60)

    # when
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    # then
    servers = [one for one in psutil.Process().children() if "afterwork.sandbox.server" in one.cmdline()]
    assert [one.children() for one in servers] == [[]]
    assert left_in(scratch) == []
    assert [info async for info in stores["results"].list()] == []
