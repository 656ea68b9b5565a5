"""What the functions of the language do, each on whole columns. Their arguments have been checked."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from afterwork.expressions import FUNCTIONS, Function, ValueKind
from afterwork.expressions.kinds import common
from processor.tables import conversions
from processor.tables.arithmetic import TOO_LARGE, beyond_integers, refuse_flood, text_bytes
from processor.tables.columns import MOMENT, Values, kind_of, read_as
from processor.tables.spoiled import Spoiled

_FOR_NULL = (ValueKind.TEXT, ValueKind.NUMBER, ValueKind.INTEGER, ValueKind.BOOLEAN, ValueKind.DATE)
"""As what a value of nothing but nulls is handed over, the first of them that the function takes."""

_WHOLE_FROM = 2.0**52
"""A double of at least this size has no decimal places."""


def call(name: str, values: Sequence[Values], spoiled: Spoiled) -> Values:
    """The values of a function. values: of its arguments. spoiled: is told of rows that have none."""
    function = FUNCTIONS[name]
    shared = ValueKind.NULL
    for place, value in enumerate(values):
        if function.parameter(place).is_shared:
            shared = common(shared, kind_of(value.type)) or shared
    if function.result is None and shared is ValueKind.NULL:
        return pa.scalar(None)
    return BUILTINS[name](spoiled, *_fitted(function, values, shared))


def _fitted(function: Function, values: Sequence[Values], shared: ValueKind) -> list[Values]:
    fitted = []
    for place, value in enumerate(values):
        parameter = function.parameter(place)
        kind = shared if parameter.is_shared else kind_of(value.type)
        if kind is ValueKind.NULL:
            kind = next(one for one in _FOR_NULL if one in parameter.kinds)
        fitted.append(read_as(value, kind))
    return fitted


def _plain(operation: Callable[..., Values], **options: Any) -> Callable[..., Values]:  # noqa: ANN401 - Arrow's
    """An operation that leaves no row without a value."""
    return lambda _, *values: operation(*values, **options)


def _matching(operation: Callable[..., Values]) -> Callable[..., Values]:
    return lambda _, text, part: operation(text, pattern=part.as_py())


def _length(_: Spoiled, text: Values) -> Values:
    return pc.cast(pc.utf8_length(text), pa.int64())


def _replace(spoiled: Spoiled, text: Values, part: pa.Scalar, new: pa.Scalar) -> Values:
    old, into = part.as_py(), new.as_py()
    growth = len(into.encode()) - len(old.encode())
    if growth > 0:
        found = pc.count_substring(text, pattern=old)
        count = (
            (found.as_py() or 0) * len(spoiled.index)
            if isinstance(found, pa.Scalar)
            else pc.sum(found).as_py()
        )
        refuse_flood(text_bytes(text, spoiled) + (count or 0) * growth, spoiled)
    return pc.replace_substring(text, pattern=old, replacement=into)


def _substring(_: Spoiled, text: Values, start: pa.Scalar, length: pa.Scalar | None = None) -> Values:
    first = start.as_py() - 1
    stop = None if length is None else first + length.as_py()
    return pc.utf8_slice_codeunits(text, start=first, stop=stop)


def _abs(spoiled: Spoiled, number: Values) -> Values:
    if kind_of(number.type) is ValueKind.INTEGER:
        number = spoiled.without(number, pc.equal(number, -(2**63)), TOO_LARGE)
    return pc.abs(number)


def _round(spoiled: Spoiled, number: Values, digits: pa.Scalar | None = None) -> Values:
    if kind_of(number.type) is ValueKind.INTEGER:
        return number
    places = 0 if digits is None else digits.as_py()
    is_whole = pc.greater_equal(pc.abs(number), _WHOLE_FROM)
    parts = pc.if_else(is_whole, 0.0, number)  # Arrow overflows where there is nothing to round
    rounded = pc.round(parts, ndigits=places, round_mode="half_towards_infinity")
    return spoiled.finite(pc.if_else(is_whole, number, rounded))


def _to_integer(operation: Callable[[Values], Values], spoiled: Spoiled, number: Values) -> Values:
    if kind_of(number.type) is ValueKind.INTEGER:
        return number
    whole = operation(number)
    return pc.cast(spoiled.without(whole, beyond_integers(whole), TOO_LARGE), pa.int64(), safe=False)


def _part_of_date(operation: Callable[[Values], Values], _: Spoiled, value: Values) -> Values:
    if kind_of(value.type) is ValueKind.TIMESTAMP:
        value = pc.cast(value, MOMENT)
    return operation(value)


def _date(spoiled: Spoiled, value: Values) -> Values:
    if kind_of(value.type) is ValueKind.TEXT:
        return _read(conversions.to_date, "this is no date", spoiled, value)
    if kind_of(value.type) is ValueKind.TIMESTAMP:
        value = pc.floor_temporal(pc.cast(value, MOMENT), unit="day")
    return pc.cast(value, pa.date32())


def _timestamp(spoiled: Spoiled, value: Values) -> Values:
    if kind_of(value.type) is ValueKind.TEXT:
        return _read(conversions.to_timestamp, "this is no timestamp", spoiled, value)
    return read_as(value, ValueKind.TIMESTAMP)


def _number(spoiled: Spoiled, value: Values) -> Values:
    if kind_of(value.type) is ValueKind.TEXT:
        return spoiled.finite(_read(conversions.to_number, "this is no number", spoiled, value))
    return pc.cast(value, pa.float64(), safe=False)


def _read(read: Callable[[Values], Values], fact: str, spoiled: Spoiled, text: Values) -> Values:
    values = read(text)
    spoiled.report(pc.and_(pc.is_valid(text), pc.is_null(values)), fact)
    return values


def _text(_: Spoiled, value: Values) -> Values:
    return conversions.as_text(value)


def _best(operation: Callable[..., Values]) -> Callable[..., Values]:
    def best(_: Spoiled, *values: Values) -> Values:
        if kind_of(values[0].type) is not ValueKind.TIMESTAMP:
            return operation(*values)
        moments = [pc.cast(value, MOMENT) for value in values]  # Arrow compares only those without a zone
        return pc.assume_timezone(operation(*moments), "UTC")

    return best


def _if(_: Spoiled, condition: Values, then: Values, otherwise: Values) -> Values:
    return pc.if_else(pc.coalesce(condition, pa.scalar(value=False)), then, otherwise)


BUILTINS: Mapping[str, Callable[..., Values]] = {
    "lower": _plain(pc.utf8_lower),
    "upper": _plain(pc.utf8_upper),
    "trim": _plain(pc.utf8_trim_whitespace),
    "length": _length,
    "contains": _matching(pc.match_substring),
    "starts_with": _matching(pc.starts_with),
    "ends_with": _matching(pc.ends_with),
    "replace": _replace,
    "substring": _substring,
    "abs": _abs,
    "round": _round,
    "floor": partial(_to_integer, pc.floor),
    "ceil": partial(_to_integer, pc.ceil),
    "year": partial(_part_of_date, pc.year),
    "month": partial(_part_of_date, pc.month),
    "day": partial(_part_of_date, pc.day),
    "date": _date,
    "timestamp": _timestamp,
    "number": _number,
    "text": _text,
    "if": _if,
    "coalesce": _plain(pc.coalesce),
    "least": _best(pc.min_element_wise),
    "greatest": _best(pc.max_element_wise),
}
"""Name → what it does, given where to tell of rows without a value, and the arguments."""
