"""ProcessTable: what can be asked for, and what is refused when it is submitted, with its place."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from pydantic import ValidationError

from afterwork.contracts.tables import ProcessTable

RECORDS = {"records": [{"a": 1, "b": "x"}]}


def submitted(**fields: object) -> ProcessTable:
    """As the gateway reads it: from JSON, strictly."""
    return ProcessTable.model_validate_json(json.dumps({"source": RECORDS, **fields}), strict=True)


STEPS: list[dict[str, Any]] = [
    {"op": "select", "columns": ["a", "b"]},
    {"op": "filter", "where": "b in ('x') and a > 0"},
    {"op": "derive", "set": {"c": "a * 2"}},
    {"op": "group", "by": ["b"], "aggregate": {"total": "sum(c) / count()", "again": "upper(b)"}},
    {"op": "sort", "by": ["-total", "b"]},
    {"op": "limit", "rows": 10},
]


def test_every_step_can_be_asked_for() -> None:
    job = submitted(steps=STEPS, output={"object": "results/x", "format": "parquet"})

    assert [step.op for step in job.steps] == [step["op"] for step in STEPS]
    assert ProcessTable.model_validate_json(job.model_dump_json(), strict=True) == job


@pytest.mark.parametrize(
    ("fields", "place", "fact"),
    [
        ({"steps": [{"op": "filter", "where": "a >"}]}, "steps.0.filter.where", "at character 4, the end"),
        ({"steps": [{"op": "filter", "where": "sum(a) > 1"}]}, "steps.0.filter.where", "only in the step `group`"),
        ({"steps": [{"op": "filter"}]}, "steps.0.filter.where", "required"),
        ({"steps": [{"op": "derive", "set": {"x": "lowr(b)"}}]}, "steps.0.derive.set.x", "did you mean 'lower'?"),
        ({"steps": [{"op": "derive", "set": {}}]}, "steps.0.derive.set", "at least 1"),
        ({"steps": [{"op": "group", "aggregate": {"x": "a"}}]}, "steps.0.group", "'x': at character 1, 'a': stands"),
        ({"steps": [{"op": "group", "by": ["b"], "aggregate": {"b": "1"}}]}, "steps.0.group", "stands in by and in"),
        ({"steps": [{"op": "group", "aggregate": {}}]}, "steps.0.group", "something to aggregate"),
        ({"steps": [{"op": "group", "by": ["b", "b"], "aggregate": {}}]}, "steps.0.group", "stands twice"),
        ({"steps": [{"op": "select", "columns": ["a", "a"]}]}, "steps.0.select", "stands twice"),
        ({"steps": [{"op": "select", "columns": []}]}, "steps.0.select.columns", "at least 1"),
        ({"steps": [{"op": "limit", "rows": -1}]}, "steps.0.limit.rows", "greater than or equal to 0"),
        ({"steps": [{"op": "limit", "rows": 1}] * 51}, "steps", "at most 50"),
        ({"steps": [{"op": "explode"}]}, "steps.0", "does not match any of the expected tags"),
        ({"source": {"object": "inbox/x"}}, "source.object", "the name does not tell the format; say format: csv, tsv"),
        ({"source": {"object": "inbox/../x.csv"}}, "source.object", "."),
        ({"source": {"object": "inbox/x.csv", "delimiter": '"'}}, "source.object.delimiter", "pattern"),
        ({"source": {"object": "inbox/x.csv", "encoding": "rot13"}}, "source.object.encoding", "Input should be"),
        ({"source": {"records": [[1]]}}, "source.given.records.0", "dictionary|object"),
        ({"source": {}}, "source.given.records", "required"),
        ({"output": {"inline": False}}, "output.given.inline", "True"),
        ({"source": {"object": "a/x.csv"}, "output": {"object": "a/x.csv"}}, "", "output is the source itself"),
        ({"output": {"object": "receipts/x.csv"}}, "output.object", "written by the services alone"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_its_place(fields: dict[str, Any], place: str, fact: str) -> None:
    with pytest.raises(ValidationError, match=fact) as caught:
        submitted(**fields)

    assert ".".join(map(str, caught.value.errors()[0]["loc"])).startswith(place)


@pytest.mark.parametrize(
    "where",
    [
        "a + " * 240 + "a",
        "(" * 900,
        "least(" + "a," * 400 + "a)",
        "'" + "x" * 900 + "'=b",
        "not " * 200 + "a",
    ],
)
def test_no_job_holds_up_who_checks_it(where: str) -> None:
    # given many expressions, as many as may be and a body full of them
    some = [{"op": "derive", "set": {"x": where[:900]}}] * 20
    many = [{"op": "derive", "set": {f"x{number}": where for number in range(100)}}] * 10

    # when
    began = time.process_time()
    for steps in (some, many):
        with suppress(ValidationError):
            submitted(steps=steps)

    # then
    assert time.process_time() - began < 1


def test_more_text_than_can_be_checked_at_once_is_refused() -> None:
    steps = [{"op": "derive", "set": {"x": "'" + "x" * 1000 + "'"}}] * 20

    with pytest.raises(
        ValidationError, match=r"the steps have 20,2\d\d characters together, of 20,000 at most"
    ):
        submitted(steps=steps)
