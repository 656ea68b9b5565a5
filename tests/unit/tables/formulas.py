"""Random tables, and random expressions that fit them."""

from datetime import UTC, date
from functools import cache
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from afterwork.expressions import ValueKind

INTEGERS = st.one_of(st.integers(-5, 5), st.sampled_from([2**63 - 1, -(2**63), 2**53 + 1, 10**12, -(10**18)]))
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 0.5, -1.5, 2.5, 1e308, -1e308, 1e-300, 0.1, 3.0]),
    st.floats(-1e6, 1e6),
)
TEXTS = st.text("abAB éß本,\"'\n1.-", max_size=4).filter(lambda text: "ß" not in text)
DATES = st.dates(date(1, 1, 1), date(9999, 12, 31))
MOMENTS = st.datetimes(timezones=st.just(UTC))

KINDS = {
    "b": ValueKind.BOOLEAN, "c": ValueKind.BOOLEAN, "i": ValueKind.INTEGER, "j": ValueKind.INTEGER,
    "n": ValueKind.NUMBER, "o": ValueKind.NUMBER, "t": ValueKind.TEXT, "u": ValueKind.TEXT,
    "d": ValueKind.DATE, "m": ValueKind.TIMESTAMP, "z": ValueKind.NULL,
}  # fmt: skip
"""Column → kind of its values."""
_TYPES: dict[ValueKind, tuple[pa.DataType, SearchStrategy[Any]]] = {
    ValueKind.BOOLEAN: (pa.bool_(), st.booleans()),
    ValueKind.INTEGER: (pa.int64(), INTEGERS),
    ValueKind.NUMBER: (pa.float64(), NUMBERS),
    ValueKind.TEXT: (pa.string(), TEXTS),
    ValueKind.DATE: (pa.date32(), DATES),
    ValueKind.TIMESTAMP: (pa.timestamp("us", "UTC"), MOMENTS),
    ValueKind.NULL: (pa.null(), st.none()),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A few rows of every kind of values, nulls among them."""
    rows = draw(st.integers(0, 6))
    columns = {}
    for name, kind in KINDS.items():
        arrow, values = _TYPES[kind]
        found = draw(st.lists(st.one_of(st.none(), values), min_size=rows, max_size=rows))
        columns[name] = pa.array(found, arrow)
    return pa.table(columns)


@cache
def formulas(kind: ValueKind, depth: int = 3) -> SearchStrategy[str]:
    """The text of an expression of this kind."""
    plain = st.one_of(_literals(kind), st.sampled_from([name for name, of in KINDS.items() if of is kind]))
    if depth == 0:
        return plain
    of: Formulas = {kind: formulas(kind, depth - 1) for kind in _TYPES if kind is not ValueKind.NULL}
    return st.one_of(plain, *_shared(kind, of), *_OWN[kind](of))


Formulas = dict[ValueKind, SearchStrategy[str]]
B, I, N = ValueKind.BOOLEAN, ValueKind.INTEGER, ValueKind.NUMBER  # noqa: E741 - as in `KINDS`
T, D, M = ValueKind.TEXT, ValueKind.DATE, ValueKind.TIMESTAMP


def _literals(kind: ValueKind) -> SearchStrategy[str]:
    match kind:
        case ValueKind.BOOLEAN:
            return st.sampled_from(["true", "false"])
        case ValueKind.INTEGER:
            return st.integers(-3, 2**63 - 1).map(str)
        case ValueKind.NUMBER:
            return NUMBERS.map(lambda number: f"({number!r})")
        case ValueKind.TEXT:
            return TEXTS.map(_quoted)
        case ValueKind.DATE:
            return DATES.map(lambda day: f"date('{day.isoformat()}')")
        case _:
            return MOMENTS.map(lambda moment: f"timestamp('{moment.isoformat()}')")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _form(template: str, *parts: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: template.format(*found))


def _shared(kind: ValueKind, of: Formulas) -> list[SearchStrategy[str]]:
    """What gives any kind."""
    same = of[kind]
    forms = [_form("if({}, {}, {})", of[B], same, same), _form("coalesce({}, {}, z)", same, same)]
    ordered = [_form("least({}, {})", same, same), _form("greatest({}, {}, z)", same, same)]
    return forms + (ordered if kind is not B else [])


def _booleans(of: Formulas) -> list[SearchStrategy[str]]:
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    pairs = [(I, I), (I, N), (N, N), (T, T), (D, D), (D, M), (M, M)]
    compared = [_form("({} {} {})", of[left], compare, of[right]) for left, right in pairs]
    part = TEXTS.map(_quoted)
    search = st.sampled_from(["contains", "starts_with", "ends_with"])
    return [
        *compared,
        _form("({} and {})", of[B], of[B]),
        _form("({} or {})", of[B], of[B]),
        _form("(not {})", of[B]),
        _form("({} == {})", of[B], of[B]),
        _form("({} in (1, 2.5, -3))", of[I]),
        _form("({} not in ({}, 'a'))", of[T], part),
        _form("({} is null)", st.one_of(of[I], of[T], of[M], st.just("z"))),
        _form("({} is not null)", of[N]),
        _form("{}({}, {})", search, of[T], part),
    ]


def _integers(of: Formulas) -> list[SearchStrategy[str]]:
    return [
        _form("({} {} {})", of[I], st.sampled_from(["+", "-", "*", "//", "%"]), of[I]),
        _form("(-{})", of[I]),
        _form("abs({})", of[I]),
        _form("length({})", of[T]),
        _form("{}({})", st.sampled_from(["floor", "ceil"]), of[N]),
        _form("{}({})", st.sampled_from(["year", "month", "day"]), st.one_of(of[D], of[M])),
    ]


def _numbers(of: Formulas) -> list[SearchStrategy[str]]:
    either = st.one_of(of[I], of[N])
    return [
        _form("({} {} {})", of[N], st.sampled_from(["+", "-", "*", "//", "%"]), either),
        _form("({} / {})", either, either),
        _form("(-{})", of[N]),
        _form("{}({})", st.sampled_from(["abs", "round"]), of[N]),
        _form("number({})", st.one_of(of[B], of[I], st.sampled_from(["'12'", "'x'", "'-1.5e3'"]))),
    ]


def _texts(of: Formulas) -> list[SearchStrategy[str]]:
    part = TEXTS.filter(bool).map(_quoted)
    return [
        _form("({} + {})", of[T], of[T]),
        _form("{}({})", st.sampled_from(["lower", "upper", "trim"]), of[T]),
        _form("replace({}, {}, {})", of[T], part, TEXTS.map(_quoted)),
        _form("substring({}, {}, {})", of[T], st.sampled_from("123"), st.sampled_from("012")),
        _form("substring({}, {})", of[T], st.sampled_from("123")),
        _form("text({})", st.one_of(of[B], of[I], of[T], of[D], of[M])),
    ]


def _dates(of: Formulas) -> list[SearchStrategy[str]]:
    return [
        _form("date({})", of[M]),
        _form("date({})", st.sampled_from(["'2026-02-31'", "'2024-02-29'", "'x'"])),
    ]


def _moments(of: Formulas) -> list[SearchStrategy[str]]:
    return [_form("timestamp({})", of[D]), _form("timestamp(text({}))", of[M])]


_OWN = {B: _booleans, I: _integers, N: _numbers, T: _texts, D: _dates, M: _moments}
