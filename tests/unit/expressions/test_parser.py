"""The parser: what binds more strongly, what words mean, what is refused and where, and that nothing can hold it up."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.expressions.shapes import Shape, shape

from afterwork.expressions import ExpressionError, parse
from afterwork.expressions.nodes import Node, walk

A, B, C = (("column", name) for name in "abc")


@pytest.mark.parametrize(
    ("source", "same_as"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c // a % b", "(((a / b) * c) // a) % b"),
        ("-a * b", "(-a) * b"),
        ("- a - - b", "(-a) - (-b)"),
        ("a + b < b * c", "(a + b) < (b * c)"),
        ("a or b and c", "a or (b and c)"),
        ("not a and b", "(not a) and b"),
        ("not a == b", "not (a == b)"),
        ("not not a", "not (not a)"),
        ("a and b or not c and a", "(a and b) or ((not c) and a)"),
        ("a == b and b in (1, 2)", "(a == b) and (b in (1, 2))"),
        ("a + b in (1)", "(a + b) in (1)"),
        ("a + b is null", "(a + b) is null"),
        ("a not in (1, 2)", "not (a in (1, 2))"),
        ("a is not null", "not (a is null)"),
        ("a = b", "a == b"),
        ("a <> b", "a != b"),
        ("a AND NOT b Or c", "a and not b or c"),
        ("a IS NULL", "a is null"),
        ("UPPER(a)", "upper(a)"),
        ("`a`", "a"),
        ("coalesce(a, b , c)", "coalesce(a,b,c)"),
        ("\n a\t+\nb ", "a+b"),
    ],
)
def test_what_binds_more_strongly_is_computed_first(source: str, same_as: str) -> None:
    assert shape(parse(source)) == shape(parse(same_as))


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("12", ("literal", "int", 12)),
        ("1.5", ("literal", "float", 1.5)),
        (".5", ("literal", "float", 0.5)),
        ("2.", ("literal", "float", 2.0)),
        ("1e3", ("literal", "float", 1000.0)),
        ("-12", ("literal", "int", -12)),
        ("-(12)", ("literal", "int", -12)),
        ("-9223372036854775808", ("literal", "int", -(2**63))),
        ("9223372036854775807", ("literal", "int", 2**63 - 1)),
        ("'it''s'", ("literal", "str", "it's")),
        ('"say ""hi"""', ("literal", "str", 'say "hi"')),
        ("'a\\nb'", ("literal", "str", "a\\nb")),
        ("''", ("literal", "str", "")),
        ("true", ("literal", "bool", True)),
        ("FALSE", ("literal", "bool", False)),
        ("null", ("literal", "NoneType", None)),
        ("`unit price`", ("column", "unit price")),
        ("`a``b`", ("column", "a`b")),
        ("`null`", ("column", "null")),
        ("größe_2", ("column", "größe_2")),
        ("count()", ("count",)),
        ("lower", ("column", "lower")),
        ("-a", ("-", A)),
        ("a in (-1, 'x', true)", ("in", A, ("literal", "int", -1), ("literal", "str", "x"), ("literal", "bool", True))),
        ("if(a, b, c)", ("if", A, B, C)),
    ],
)  # fmt: skip
def test_words_mean_what_the_reference_says(source: str, tree: Shape) -> None:
    assert shape(parse(source)) == tree


@pytest.mark.parametrize(
    ("source", "character", "fact"),
    [
        ("", 1, "a value was expected"),
        ("a b", 3, "an operator was expected"),
        ("1 +", 4, "a value was expected"),
        ("* 2", 1, "a value was expected"),
        ("+ 2", 1, "needs no plus sign"),
        ("(a", 3, "a closing parenthesis was expected"),
        ("a)", 2, "an operator was expected"),
        ("lower(a b)", 9, "a comma or a closing parenthesis"),
        ("lower(a,)", 9, "a value was expected"),
        ("sum(", 5, "a value was expected"),
        ("summ(a)", 1, "did you mean 'sum'?"),
        ("lenght(a)", 1, "did you mean 'length'?"),
        ("nothing_like_it(a)", 1, "there is no function 'nothing_like_it'"),
        ("1 + lower(a, b)", 5, "called as lower(text)"),
        ("substring(a)", 1, "called as substring(text, start, [length])"),
        ("coalesce(a)", 1, "called as coalesce(value, value, …)"),
        ("contains(a, b)", 13, "'part' has to be written out here, as text"),
        ("contains(a, null)", 13, "'part' has to be written out"),
        ("contains(a, 1)", 13, "'part' has to be written out here, as text"),
        ("round(a, 16)", 10, "'digits': it should be 0 to 15"),
        ("round(a, 1.0)", 10, "as integer"),
        ("substring(a, 0)", 14, "'start': it should be 1 to"),
        ("replace(a, '', 'x')", 12, "'part': characters 1 to"),
        ("a < b < c", 7, "cannot be chained"),
        ("a is 3", 6, "`is null` or `is not null`"),
        ("a in b", 6, "a list in parentheses was expected"),
        ("a in ()", 1, "is empty"),
        ("a in (b)", 7, "only values that are written out"),
        ("a in (1, null)", 10, "no null"),
        ("a not b", 7, "`in` was expected"),
        ("'open", 1, "not closed"),
        ('a + "open', 5, "not closed"),
        ("a + `open", 5, "not closed"),
        ("``", 1, "not closed, or empty"),
        ("2nd", 1, "cannot begin with a digit"),
        ("a.b", 2, "means nothing here"),
        ("a & b", 3, "means nothing here"),
        ("a[0]", 2, "means nothing here"),
        ("a\0", 2, "means nothing here"),
        ("__import__('os')", 1, "there is no function '__import__'"),
        ("9223372036854775808", 1, "beyond 64-bit integers"),
        ("-9223372036854775809", 2, "beyond 64-bit integers"),
        ("1 - 9223372036854775808", 5, "beyond 64-bit integers"),
        ("-(-9223372036854775808)", 1, "beyond 64-bit integers"),
        ("1e999", 1, "beyond the largest number"),
        ("1" * 41, 1, "at most 40 characters"),
        ("a ** b", 4, "a value was expected"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(source: str, character: int, fact: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(source)

    assert str(caught.value).startswith(f"at character {character}, "), str(caught.value)
    assert fact in str(caught.value)


def test_an_error_can_be_shown_below_its_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("a +\n  summ(b) * 2")

    assert caught.value.pointed() == "  summ(b) * 2\n  ^^^^"


@pytest.mark.parametrize(
    ("bomb", "fact"),
    [
        ("a" * 2001, "at most 2,000 characters"),
        ("(" * 1999, "nested more than 50 deep"),
        ("(" * 51 + "a" + ")" * 51, "nested more than 50 deep"),
        ("not " * 499 + "a", "nested more than 50 deep"),
        ("-" * 1999 + "a", "nested more than 50 deep"),
        ("abs(" * 400 + "a", "nested more than 50 deep"),
        ("a" + " + a" * 499, "more than 100 operations"),
        ("a in (" + "1," * 300 + "1)", "more than 200 values"),
        ("least(" + "a," * 300 + "a)", "more than 200 values"),
    ],
)
def test_expression_bombs_are_refused_at_once(bomb: str, fact: str) -> None:
    began = time.process_time()

    with pytest.raises(ExpressionError, match=fact):
        parse(bomb)

    assert time.process_time() - began < 0.2


def test_what_is_not_too_much_is_accepted() -> None:
    assert parse("(" * 49 + "a" + ")" * 49)
    assert parse("a" + " + a" * 99)
    assert parse("a in (" + "1," * 199 + "1)")


WORDS = [
    *[
        "a",
        "1",
        "2.5",
        "'x'",
        '"',
        "'",
        "`",
        "(",
        ")",
        ",",
        "é",
        "1e",
        "!",
        "\0",
        "sum(",
        "if(",
        "lower(",
        "count()",
    ],
    *["+", "-", "*", "/", "//", "%", "==", "<", ">=", "and", "or", "not", "in", "is", "null", "true"],
]


@given(st.one_of(st.text(max_size=100), st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)))
def test_any_text_is_an_expression_or_an_error_within_the_text(source: str) -> None:
    found = _parsed(source)

    places = [found.span] if isinstance(found, ExpressionError) else [node.span for node, _ in walk(found)]
    assert all(0 <= place.start <= place.end <= len(source) for place in places)


def _parsed(source: str) -> Node | ExpressionError:
    try:
        return parse(source)
    except ExpressionError as error:
        return error


@given(st.integers(0, 2**63 - 1), st.text(max_size=30), st.floats(0, 1e300))
def test_values_are_read_as_they_were_written(whole: int, text: str, number: float) -> None:
    quoted = "'" + text.replace("'", "''") + "'"

    assert shape(parse(str(whole))) == ("literal", "int", whole)
    assert shape(parse(quoted)) == ("literal", "str", text)
    assert shape(parse(repr(number))) == ("literal", "float", number)
