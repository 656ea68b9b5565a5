"""The steps, one by one and together; groups and orders against plain Python."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from afterwork import errors
from afterwork.contracts.table_steps import Steps
from processor.tables.columns import frame_of, table_of
from processor.tables.findings import Findings
from processor.tables.steps import apply

STEPS = TypeAdapter(Steps)
CITIES = pa.table(
    {"city": ["b", "a", None, "b", "a"], "amount": [1, 2, 3, None, 5], "price": [0.5, 1.5, None, 2.0, -1.0]}
)
Rows = list[dict[str, Any]]


def after(table: pa.Table, *steps: dict[str, Any], findings: Findings | None = None) -> Rows:
    """The rows after the steps."""
    checked = STEPS.validate_python(list(steps))
    rows: Rows = table_of(apply(frame_of(table), checked, findings or Findings())).to_pylist()
    return rows


def test_select_keeps_columns_in_the_order_asked_for() -> None:
    rows = after(CITIES, {"op": "select", "columns": ["price", "city"]})

    assert list(rows[0].items()) == [("price", 0.5), ("city", "b")]


def test_filter_keeps_only_rows_for_which_it_is_true() -> None:
    assert [row["amount"] for row in after(CITIES, {"op": "filter", "where": "amount > 1"})] == [2, 3, 5]
    assert after(CITIES, {"op": "filter", "where": "not true"}) == []
    assert len(after(CITIES, {"op": "filter", "where": "true"})) == 5


def test_derive_sees_the_row_as_it_was_before_the_step() -> None:
    rows = after(CITIES, {"op": "derive", "set": {"amount": "amount * 10", "old": "amount"}})

    assert list(rows[0].items()) == [("city", "b"), ("amount", 10), ("price", 0.5), ("old", 1)]


def test_a_column_may_have_any_name() -> None:
    rows = after(
        CITIES,
        {"op": "derive", "set": {"self": "1", "a `b`": "2"}},
        {"op": "derive", "set": {"c": "self + `a ``b```"}},
    )

    assert rows[0]["c"] == 3


def test_many_columns_are_no_trouble() -> None:
    wide = pa.table({f"c{number}": [number] for number in range(300)})

    assert after(wide, {"op": "derive", "set": {"sum": "c1 + c299"}})[0]["sum"] == 300


def test_group_makes_a_row_of_each_key_in_the_order_of_first_rows() -> None:
    rows = after(
        CITIES,
        {
            "op": "group",
            "by": ["city"],
            "aggregate": {
                "rows": "count()",
                "amounts": "count(amount)",
                "mean": "sum(amount) / count(amount)",
            },
        },
    )

    assert rows == [
        {"city": "b", "rows": 2, "amounts": 1, "mean": 1.0},
        {"city": "a", "rows": 2, "amounts": 2, "mean": 3.5},
        {"city": None, "rows": 1, "amounts": 1, "mean": 3.0},
    ]


def test_group_without_keys_makes_one_row_even_of_none() -> None:
    aggregate = {"n": "count()", "sum": "sum(amount)", "max": "max(city)", "median": "median(price)"}

    empty = after(CITIES, {"op": "limit", "rows": 0}, {"op": "group", "aggregate": aggregate})
    full = after(CITIES, {"op": "group", "aggregate": aggregate})

    assert empty == [{"n": 0, "sum": None, "max": None, "median": None}]
    assert full == [{"n": 5, "sum": 11, "max": "b", "median": 1.0}]


def test_a_sum_beyond_64_bits_is_null_in_its_group_only() -> None:
    # given
    table = pa.table({"k": ["x", "x", "y"], "v": [2**63 - 1, 1, 5]})
    findings = Findings()

    # when
    rows = after(table, {"op": "group", "by": ["k"], "aggregate": {"s": "sum(v)"}}, findings=findings)

    # then
    assert [row["s"] for row in rows] == [None, 5]
    assert findings.all() == ["step 1 (group), 's': 'sum(v)' is null in row 1: beyond 64-bit integers"]


KEYS = st.tuples(st.sampled_from(["a", "b", "", None]), st.sampled_from([0.5, -0.5, 1.0, None]))
ROWS = st.lists(
    st.tuples(
        KEYS,
        st.one_of(st.none(), st.integers(-10, 10), st.sampled_from([2**53 + 1, -(2**40)])),
        st.one_of(st.none(), st.floats(-1000, 1000)),
        st.one_of(st.none(), st.sampled_from(["x", "yy", "é", "A"])),
    ),
    max_size=12,
)
Aggregate = Callable[[Sequence[Any]], Any]
AGGREGATES: dict[str, Aggregate] = {
    "count(i)": len,
    "count_distinct(t)": lambda values: len(set(values)),
    "sum(i)": lambda values: sum(values) if values else None,
    "sum(n)": lambda values: sum(values) if values else None,
    "mean(n)": lambda values: statistics.fmean(values) if values else None,
    "median(n)": lambda values: statistics.median(values) if values else None,
    "std(n)": lambda values: statistics.stdev(values) if len(values) > 1 else None,
    "min(t)": lambda values: min(values, default=None),
    "max(i)": lambda values: max(values, default=None),
    "first(t)": lambda values: values[0] if values else None,
    "last(n)": lambda values: values[-1] if values else None,
}


def _table(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return pa.table(
        {
            "k": pa.array([row[0][0] for row in rows], pa.string()),
            "l": pa.array([row[0][1] for row in rows], pa.float64()),
            "i": pa.array([row[1] for row in rows], pa.int64()),
            "n": pa.array([row[2] for row in rows], pa.float64()),
            "t": pa.array([row[3] for row in rows], pa.string()),
        }
    )


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_groups_are_what_plain_python_makes(rows: list[tuple[Any, ...]]) -> None:
    # given
    groups: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    place = {"i": 1, "n": 2, "t": 3}

    # when
    found = after(
        _table(rows), {"op": "group", "by": ["k", "l"], "aggregate": {name: name for name in AGGREGATES}}
    )

    # then
    assert [(row["k"], row["l"]) for row in found] == list(groups)
    for made, members in zip(found, groups.values(), strict=True):
        for name, aggregate in AGGREGATES.items():
            column = place[name[-2]]
            expected = aggregate([row[column] for row in members if row[column] is not None])
            assert made[name] == (
                pytest.approx(expected, abs=1e-9) if isinstance(expected, float) else expected
            ), name


@settings(max_examples=60, deadline=None)
@given(ROWS, st.permutations(["k", "l", "i", "n", "t"]), st.lists(st.booleans(), min_size=5, max_size=5))
def test_rows_are_sorted_stably_with_nulls_last(
    rows: list[tuple[Any, ...]], names: list[str], falling: list[bool]
) -> None:
    # given
    table = _table(rows)
    expected = table.append_column("place", pa.array(range(len(rows)), pa.int64())).to_pylist()
    keys = list(zip(names, falling, strict=True))[:3]
    for name, falls in reversed(keys):
        known = [row for row in expected if row[name] is not None]
        known.sort(key=lambda row: row[name], reverse=falls)
        expected = known + [row for row in expected if row[name] is None]

    # when
    found = after(
        table.append_column("place", pa.array(range(len(rows)), pa.int64())),
        {"op": "sort", "by": [f"-{name}" if falls else name for name, falls in keys]},
    )

    # then
    assert [row["place"] for row in found] == [row["place"] for row in expected]


def test_a_column_whose_name_begins_with_a_minus_is_sorted_in_backquotes() -> None:
    table = pa.table({"-x": [1, 2], "x": [1, 2]})

    assert [row["x"] for row in after(table, {"op": "sort", "by": ["-`-x`"]})] == [2, 1]
    assert [row["x"] for row in after(table, {"op": "sort", "by": ["`-x`"]})] == [1, 2]


@pytest.mark.parametrize(
    ("step", "place", "fact"),
    [
        (
            {"op": "select", "columns": ["citty"]},
            "columns",
            "there is no column 'citty'; did you mean 'city'?",
        ),
        ({"op": "sort", "by": ["-Price"]}, "by", "there is no column 'Price'; did you mean 'price'?"),
        ({"op": "group", "by": ["town"], "aggregate": {}}, "by", "there is no column 'town'"),
        (
            {"op": "filter", "where": "amount"},
            "at character 1",
            "'amount': should be boolean, but is integer",
        ),
        ({"op": "derive", "set": {"x": "price + city"}}, "at character 1", "number and text cannot be added"),
        ({"op": "group", "aggregate": {"x": "sum(city)"}}, "at character 5", "should be integer or number"),
    ],
)
def test_a_step_that_does_not_fit_the_columns_is_told_with_its_place(
    step: dict[str, Any], place: str, fact: str
) -> None:
    # when
    with pytest.raises(errors.InputInvalid) as caught:
        after(CITIES, {"op": "limit", "rows": 9}, step)

    # then
    detail = caught.value.detail
    assert detail.startswith(f"step 2 ({step['op']})")
    assert f": {place}" in detail
    assert fact in detail


def test_a_wrong_delimiter_is_suspected_where_there_is_one_column() -> None:
    with pytest.raises(errors.InputInvalid, match=r"is the delimiter ';'\?"):
        after(pa.table({"city;amount": ["a;1"]}), {"op": "filter", "where": "amount > 1"})


def test_texts_that_grow_beyond_measure_are_refused() -> None:
    table = pa.table({"t": ["x" * 1000] * 1000})
    doubled = {"op": "derive", "set": {"t": " + ".join(["t"] * 90)}}

    with pytest.raises(errors.InputInvalid, match="bytes of text"):
        after(table, doubled, doubled)
    with pytest.raises(errors.InputInvalid, match="bytes of text"):
        after(table, {"op": "derive", "set": {"t": f"replace(t, 'x', '{'y' * 900}')"}})


def test_what_has_no_order_can_be_carried_along_but_not_sorted() -> None:
    table = pa.table({"l": [[1], [2], None]})

    assert after(table, {"op": "filter", "where": "l is not null"}) == [{"l": [1]}, {"l": [2]}]
    with pytest.raises(errors.InputInvalid, match="cannot be sorted by"):
        after(table, {"op": "sort", "by": ["l"]})
    with pytest.raises(errors.InputInvalid, match="cannot be grouped by"):
        after(table, {"op": "group", "by": ["l"], "aggregate": {}})
