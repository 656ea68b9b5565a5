"""Expressions on whole columns, against the same language computed one row at a time in plain Python."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.tables.formulas import KINDS, formulas, tables
from tests.unit.tables.reference import Reference

from afterwork.expressions import FUNCTIONS, ValueKind, parse
from processor.tables.aggregates import AGGREGATES
from processor.tables.builtins import BUILTINS
from processor.tables.columns import frame_of, series_of
from processor.tables.evaluation import evaluate
from processor.tables.findings import Findings

COMPUTED = [kind for kind in ValueKind if kind not in {ValueKind.NULL, ValueKind.OTHER}]


def values(source: str, table: pa.Table, findings: Findings | None = None) -> list[object]:
    """What an expression gives, row by row."""
    frame = frame_of(table)
    found = evaluate(source, parse(source), frame, findings or Findings())
    return list(series_of(found, frame).array.__arrow_array__().to_pylist())


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(tables(), st.sampled_from(COMPUTED).flatmap(formulas))
def test_columns_give_what_rows_give_one_by_one(table: pa.Table, source: str) -> None:
    # given
    reference = Reference(source, KINDS)

    # when
    found = values(source, table)

    # then
    assert found == [reference.value(row) for row in table.to_pylist()], source


TRUTH = pa.table({"a": [True] * 3 + [False] * 3 + [None] * 3, "b": [True, False, None] * 3})
T, F, N = True, False, None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a and b", [T, F, N, F, F, F, N, F, N]),
        ("a or b", [T, T, T, T, F, N, T, N, N]),
        ("not a", [F, F, F, T, T, T, N, N, N]),
        ("a == b", [T, F, N, F, T, N, N, N, N]),
        ("a is null", [F, F, F, F, F, F, T, T, T]),
        ("a in (true)", [T, T, T, F, F, F, N, N, N]),
        ("if(a, b, true)", [T, F, N, T, T, T, T, T, T]),
        ("coalesce(a, b)", [T, T, T, F, F, F, T, F, N]),
    ],
)
def test_null_is_unknown(source: str, expected: list[bool | None]) -> None:
    assert values(source, TRUTH) == expected


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
def test_columns_of_nothing_but_nulls_compare_as_unknown(operator: str) -> None:
    table = pa.table({"c": pa.nulls(2), "a": [1, 2]})

    assert values(f"c {operator} c", table) == [None, None]
    assert values(f"(c {operator} c) is null", table) == [True, True]
    assert values(f"coalesce(c, c) {operator} least(c, c)", table) == [None, None]
    assert values(f"c {operator} a", table) == [None, None]
    assert values("c in (1, 2)", table) == [None, None]


@pytest.mark.parametrize("digits", [0, 2, 15])
def test_a_number_without_decimal_places_is_rounded_to_itself(digits: int) -> None:
    numbers = [1e300, -1e300, 2.0**52 + 1, -(2.0**53), 1.7976931348623157e308, None, 0.5]

    rounded = values(f"round(n, {digits})", pa.table({"n": numbers}))

    assert rounded == [*numbers[:-1], 0.5 if digits else 1.0]
    assert values(f"round(1e300, {digits})", pa.table({"n": [1]})) == [1e300]


NUMBERS = pa.table({"i": [7, -7, 7, -7, 0], "j": [2, 2, -2, -2, 5], "n": [2.5, -2.5, 0.5, -0.5, 1e15]})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("i // j", [3, -4, -4, 3, 0]),
        ("i % j", [1, 1, -1, -1, 0]),
        ("i / j", [3.5, -3.5, -3.5, 3.5, 0.0]),
        ("n // 1", [2.0, -3.0, 0.0, -1.0, 1e15]),
        ("n % 1", [0.5, 0.5, 0.5, 0.5, 0.0]),
        ("round(n)", [3.0, -3.0, 1.0, -1.0, 1e15]),
        ("floor(n)", [2, -3, 0, -1, 10**15]),
        ("ceil(n)", [3, -2, 1, 0, 10**15]),
        ("i in (7, 0.0)", [True, False, True, False, True]),
        ("least(i, n, null)", [2.5, -7.0, 0.5, -7.0, 0.0]),
        ("substring('héllo', 2, 3) + text(i)", ["éll7", "éll-7", "éll7", "éll-7", "éll0"]),
        ("year(timestamp('1969-12-31T23:30:00-01:00'))", [1970] * 5),
        ("date(timestamp('1969-12-31T23:59:59.5Z')) < date('1970-01-01')", [True] * 5),
    ],
)
def test_values_are_what_the_reference_says(source: str, expected: list[object]) -> None:
    assert values(source, NUMBERS) == expected


def test_every_function_of_the_language_is_there() -> None:
    assert BUILTINS.keys() | AGGREGATES.keys() == FUNCTIONS.keys()
    assert AGGREGATES.keys() == {name for name, function in FUNCTIONS.items() if function.is_aggregate}
