"""`+ - * / // %` on whole columns: exact for integers, never infinite, and null where there is no result."""

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from afterwork import errors
from afterwork.expressions import ValueKind
from processor.tables.columns import Values, kind_of, read_as
from processor.tables.conversions import joined
from processor.tables.spoiled import Spoiled

BY_ZERO = "division by zero"
TOO_LARGE = "beyond 64-bit integers"
MAX_TEXT_BYTES = 2**29
"""Bytes that the texts made by one operation may have together."""

_SMALLEST = -(2**63)
_WIDE = pa.decimal256(19, 0)

Operation = Callable[[Values, Values], Values]
_PLAIN: Mapping[str, Operation] = {"+": pc.add, "-": pc.subtract, "*": pc.multiply}
_CHECKED: Mapping[str, Operation] = {
    "+": pc.add_checked,
    "-": pc.subtract_checked,
    "*": pc.multiply_checked,
}


def compute(symbol: str, left: Values, right: Values, spoiled: Spoiled) -> Values:
    """The result for two columns of the same kind. spoiled: is told of rows that have none."""
    kind = kind_of(left.type)
    if kind is ValueKind.TEXT:
        return _concatenated(left, right, spoiled)
    if kind is ValueKind.NULL:
        return left if isinstance(right, pa.Scalar) else right
    if symbol in _PLAIN:
        exact = kind is ValueKind.INTEGER
        return (_exact if exact else _finite)(symbol, left, right, spoiled)
    right = spoiled.without(right, pc.equal(right, pa.scalar(0, right.type)), BY_ZERO)
    if isinstance(right, pa.Scalar) and not right.is_valid:
        return pa.scalar(None, right.type if symbol != "/" else pa.float64())
    if symbol == "/" or kind is ValueKind.NUMBER:
        return _divided(symbol, left, right, spoiled)
    return _whole_quotient(left, right, spoiled) if symbol == "//" else _whole_rest(left, right)


def _concatenated(left: Values, right: Values, spoiled: Spoiled) -> Values:
    refuse_flood(text_bytes(left, spoiled) + text_bytes(right, spoiled), spoiled)
    return joined(left, right)


def text_bytes(texts: Values, spoiled: Spoiled) -> int:
    """Bytes that texts have in all rows together."""
    if isinstance(texts, pa.Scalar):
        return (pc.binary_length(texts).as_py() or 0) * len(spoiled.index)
    return pc.sum(pc.binary_length(texts)).as_py() or 0


def refuse_flood(size: int, spoiled: Spoiled) -> None:
    """Raises InputInvalid for more bytes of text than one operation may make."""
    if size > MAX_TEXT_BYTES:
        fact = f"{spoiled.excerpt!r} would make {size:,} bytes of text, of {MAX_TEXT_BYTES:,} at most"
        raise errors.InputInvalid(f"{spoiled.findings.where}: {fact}")


def _finite(symbol: str, left: Values, right: Values, spoiled: Spoiled) -> Values:
    return spoiled.finite(_PLAIN[symbol](left, right))


def _exact(symbol: str, left: Values, right: Values, spoiled: Spoiled) -> Values:
    try:
        return _CHECKED[symbol](left, right)
    except pa.ArrowInvalid:  # some row overflows
        wide = _PLAIN[symbol](pc.cast(left, _WIDE), pc.cast(right, _WIDE))
        return spoiled.without(_PLAIN[symbol](left, right), beyond_integers(wide), TOO_LARGE)


def beyond_integers(numbers: Values) -> Values:
    """Whether each number is out of the range of 64-bit integers; exact for decimals."""
    if pa.types.is_floating(numbers.type):
        return pc.or_(pc.greater_equal(numbers, 2.0**63), pc.less(numbers, -(2.0**63)))
    largest, smallest = (pa.scalar(bound).cast(_WIDE) for bound in (2**63 - 1, _SMALLEST))
    return pc.or_(pc.greater(numbers, largest), pc.less(numbers, smallest))


def _divided(symbol: str, left: Values, right: Values, spoiled: Spoiled) -> Values:
    """`//` is the floor of the quotient as a number has it, and `%` what that leaves."""
    left, right = (read_as(side, ValueKind.NUMBER) for side in (left, right))
    quotient = spoiled.finite(pc.divide(left, right))
    if symbol == "/":
        return quotient
    whole = pc.floor(quotient)
    return whole if symbol == "//" else spoiled.finite(pc.subtract(left, pc.multiply(right, whole)))


def _whole_quotient(left: Values, right: Values, spoiled: Spoiled) -> Values:
    """Towards minus infinity."""
    overflows = pc.and_(pc.equal(left, _SMALLEST), pc.equal(right, -1))
    left = spoiled.without(left, overflows, TOO_LARGE)
    quotient = pc.divide(left, right)
    return pc.subtract(quotient, pc.cast(_is_off(left, right, quotient), pa.int64()))


def _whole_rest(left: Values, right: Values) -> Values:
    """With the sign of the divisor."""
    right = pc.if_else(pc.equal(right, -1), pa.scalar(1), right)  # leaves nothing either, and cannot overflow
    quotient = pc.divide(left, right)
    rest = pc.subtract(left, pc.multiply(quotient, right))
    return pc.if_else(_is_off(left, right, quotient), pc.add(rest, right), rest)


def _is_off(left: Values, right: Values, quotient: Values) -> Values:
    """Whether a quotient that was cut towards zero is one more than the floor."""
    rest = pc.subtract(left, pc.multiply(quotient, right))
    differs = pc.xor(pc.less(rest, 0), pc.less(right, 0))
    return pc.and_(pc.not_equal(rest, 0), differs)
