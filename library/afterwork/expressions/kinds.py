"""What kinds of values there are, and which of them go together."""

from enum import StrEnum


class ValueKind(StrEnum):
    """The kind of a column or of the value of an expression.

    integer: 64 bits, signed. number: double precision. timestamp: date and time to the microsecond, in UTC unless it
    says otherwise. null: nothing but nulls, which goes with every kind. other: is carried along, and tested for null.
    """

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NULL = "null"
    OTHER = "other"


NUMERIC = frozenset({ValueKind.INTEGER, ValueKind.NUMBER})
TEMPORAL = frozenset({ValueKind.DATE, ValueKind.TIMESTAMP})
ORDERED = NUMERIC | TEMPORAL | {ValueKind.TEXT}
PLAIN = ORDERED | {ValueKind.BOOLEAN}


def common(first: ValueKind, second: ValueKind) -> ValueKind | None:
    """The kind that both can be read as; None if there is none."""
    pair = {first, second}
    if len(pair) == 1:
        return first
    if ValueKind.NULL in pair:
        return (pair - {ValueKind.NULL}).pop()
    if pair == NUMERIC:
        return ValueKind.NUMBER
    if pair == TEMPORAL:
        return ValueKind.TIMESTAMP
    return None


def kind_of_value(value: str | float | bool | None) -> ValueKind:  # noqa: FBT001 - a value of any kind
    """The kind of a value that stands in an expression."""
    match value:
        case None:
            return ValueKind.NULL
        case bool():
            return ValueKind.BOOLEAN
        case int():
            return ValueKind.INTEGER
        case float():
            return ValueKind.NUMBER
        case _:
            return ValueKind.TEXT
