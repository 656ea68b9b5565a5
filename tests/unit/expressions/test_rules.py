"""Which kinds of values go together, and where aggregates may stand."""

import time

import pytest

from afterwork.expressions import FUNCTIONS, ExpressionError, ValueKind, check_aggregate, check_row, parse
from afterwork.expressions.rules import KindChecker

COLUMNS = {kind.value[0] if kind is not ValueKind.NULL else "z": kind for kind in ValueKind} | {
    "b": ValueKind.BOOLEAN,
    "n": ValueKind.NUMBER,
    "t": ValueKind.TEXT,
    "m": ValueKind.TIMESTAMP,
    "unit price": ValueKind.NUMBER,
}


def kind_of(source: str) -> ValueKind:
    return KindChecker(source, COLUMNS).kind(parse(source))


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("i + 1", "integer"),
        ("i + 1.0", "number"),
        ("i / i", "number"),
        ("i // 2", "integer"),
        ("i % n", "number"),
        ("-i", "integer"),
        ("t + 'x'", "text"),
        ("t + z", "text"),
        ("z + 1", "integer"),
        ("z + z", "null"),
        ("i < n", "boolean"),
        ("d < m", "boolean"),
        ("b == true", "boolean"),
        ("b and z", "boolean"),
        ("not b", "boolean"),
        ("i in (1, 2.5)", "boolean"),
        ("o is null", "boolean"),
        ("if(b, 1, 2.5)", "number"),
        ("if(b, d, m)", "timestamp"),
        ("if(b, null, 'x')", "text"),
        ("coalesce(z, i, n)", "number"),
        ("least('a', t)", "text"),
        ("floor(n)", "integer"),
        ("round(i)", "integer"),
        ("round(n, 2)", "number"),
        ("year(m)", "integer"),
        ("date(t)", "date"),
        ("timestamp(d)", "timestamp"),
        ("number(b)", "number"),
        ("text(d)", "text"),
        ("sum(i)", "integer"),
        ("mean(i)", "number"),
        ("max(t)", "text"),
        ("count(o)", "integer"),
        ("first(b)", "boolean"),
    ],
)
def test_an_expression_has_a_kind(source: str, kind: str) -> None:
    assert kind_of(source) == kind


@pytest.mark.parametrize(
    ("source", "character", "fact"),
    [
        ("i + unit_price", 5, "there is no column 'unit_price'; did you mean 'unit price'?"),
        ("t + 1", 1, "text and integer cannot be added; text(…)"),
        ("t * 2", 1, "should be a number, but is text; number(…)"),
        ("b + 1", 1, "should be a number, but is boolean"),
        ("2 - d", 5, "should be a number, but is date"),
        ("-t", 2, "should be a number"),
        ("not i", 5, "should be boolean, but is integer"),
        ("b and 1", 7, "should be boolean, but is integer"),
        ("t < 1", 1, "text and integer cannot be compared"),
        ("b < b", 1, "cannot be compared by <"),
        ("o == o", 1, "cannot be compared"),
        ("d == '2026-01-01'", 1, "date and text cannot be compared"),
        ("i == null", 1, "write `is null`"),
        ("i in ('a')", 7, "is text, but what is looked for is integer"),
        ("o in (1)", 7, "is integer, but what is looked for is other"),
        ("lower(i)", 7, "should be text, but is integer"),
        ("year(t)", 6, "should be date or timestamp, but is text"),
        ("if(b, 1, 'x')", 10, "is text, but the value before it is integer"),
        ("coalesce(i, t)", 13, "is text, but the value before it is integer"),
        ("sum(t)", 5, "should be integer or number, but is text"),
        ("number(d)", 8, "but is date"),
    ],
)
def test_what_does_not_go_together_is_told_with_its_place(source: str, character: int, fact: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        kind_of(source)

    assert str(caught.value).startswith(f"at character {character}, "), str(caught.value)
    assert fact in str(caught.value)


def test_kinds_of_a_deep_tree_are_found_in_no_time() -> None:
    # given
    source = "i" + " + i" * 99

    # when
    began = time.process_time()
    kind = kind_of(source)

    # then
    assert kind is ValueKind.INTEGER
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(("source", "character"), [("sum(a)", 1), ("1 + count()", 5), ("abs(max(a))", 5)])
def test_an_aggregate_stands_in_a_group_only(source: str, character: int) -> None:
    with pytest.raises(ExpressionError, match=rf"^at character {character}, .*only in the step `group`"):
        check_row(source, parse(source))


@pytest.mark.parametrize(
    ("source", "character", "fact"),
    [
        ("sum(a) + b", 10, "is not in `by`"),
        ("b", 1, "is not in `by`"),
        ("sum(max(a))", 5, "within another one"),
        ("sum(1 + count())", 9, "within another one"),
    ],
)
def test_a_group_has_one_value_for_all_its_rows(source: str, character: int, fact: str) -> None:
    with pytest.raises(ExpressionError, match=f"^at character {character}, .*{fact}"):
        check_aggregate(source, parse(source), ["k"])


@pytest.mark.parametrize("source", ["sum(a * b) / count()", "upper(k)", "1", "if(k == 'x', sum(a), max(b))"])
def test_what_a_group_can_tell_is_accepted(source: str) -> None:
    check_aggregate(source, parse(source), ["k"])


def test_every_function_says_how_it_is_called_and_what_it_means() -> None:
    for name, function in FUNCTIONS.items():
        assert function.signature.startswith(f"{name}(")
        assert function.meaning
        assert function.takes(function.required)
