"""The language once more, slowly: one row at a time, in plain Python, by the rules of docs/tables.md."""

import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from afterwork.expressions import FUNCTIONS, ValueKind, parse
from afterwork.expressions.kinds import common
from afterwork.expressions.nodes import Binary, Call, Column, Literal, Membership, Node, NullTest, Unary
from afterwork.expressions.rules import KindChecker

Value = Any  # None, bool, int, float, str, date or datetime
Row = Mapping[str, Value]
SMALLEST, LARGEST = -(2**63), 2**63 - 1
COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Reference:
    """One expression. columns: the kinds of the columns."""

    def __init__(self, source: str, columns: Mapping[str, ValueKind]) -> None:
        self.node = parse(source)
        self._checker = KindChecker(source, columns)

    def value(self, row: Row) -> Value:
        """What it is worth in a row; None for null."""
        return self._value(self.node, row)

    def _value(self, node: Node, row: Row) -> Value:  # noqa: C901, PLR0911 - one per node
        match node:
            case Literal():
                return node.value
            case Column():
                return row[node.name]
            case Unary(operator="not"):
                value = self._value(node.operand, row)
                return None if value is None else not value
            case Unary():
                return fitting(negated(self._value(node.operand, row)))
            case NullTest():
                return self._value(node.operand, row) is None
            case Membership():
                return self._membership(node, row)
            case Binary():
                return self._binary(node, row)
            case Call():
                return self._call(node, row)

    def _binary(self, node: Binary, row: Row) -> Value:
        left, right = self._value(node.left, row), self._value(node.right, row)
        if node.operator == "and":
            return False if False in (left, right) else None if None in (left, right) else True
        if node.operator == "or":
            return True if True in (left, right) else None if None in (left, right) else False
        if left is None or right is None:
            return None
        kind = self._shared([node.left, node.right])
        left, right = as_kind(left, kind), as_kind(right, kind)
        if node.operator in COMPARE:
            return COMPARE[node.operator](left, right)
        return fitting(arithmetic(node.operator, left, right))

    def _membership(self, node: Membership, row: Row) -> Value:
        value = self._value(node.operand, row)
        if value is None:
            return None
        kind = self._shared([node.operand, *node.choices])
        return as_kind(value, kind) in [as_kind(choice.value, kind) for choice in node.choices]

    def _call(self, node: Call, row: Row) -> Value:
        function = FUNCTIONS[node.function]
        shared = [a for place, a in enumerate(node.arguments) if function.parameter(place).is_shared]
        kind = self._shared(shared)
        values = [
            as_kind(self._value(argument, row), kind) if argument in shared else self._value(argument, row)
            for argument in node.arguments
        ]
        match node.function:
            case "if":
                return values[1] if values[0] else values[2]
            case "coalesce":
                return next((value for value in values if value is not None), None)
            case "least" | "greatest" as name:
                known = [value for value in values if value is not None]
                return (min if name == "least" else max)(known) if known else None
        return None if values[0] is None else fitting(PLAIN[node.function](*values))

    def _shared(self, nodes: list[Node]) -> ValueKind:
        kind = ValueKind.NULL
        for node in nodes:
            kind = common(kind, self._checker.kind(node)) or kind
        return kind


def as_kind(value: Value, kind: ValueKind) -> Value:
    """A value as one of the kind that it shares with others."""
    if kind is ValueKind.NUMBER and value is not None:
        return float(value)
    if kind is ValueKind.TIMESTAMP and isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value


def negated(value: Value) -> Value:
    """`-value`."""
    return None if value is None else -value


def fitting(value: Value) -> Value:
    """The value, or None if it is none that the language has."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if SMALLEST <= value <= LARGEST else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def arithmetic(symbol: str, left: Value, right: Value) -> Value:  # noqa: PLR0911 - one per operator
    """`left symbol right`, both of one kind."""
    if symbol in {"/", "//", "%"} and right == 0:
        return None
    match symbol:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return float(left) / float(right)
        case "//":
            return floor_of(left / right) if isinstance(left, float) else left // right
        case _:
            return rest(left, right) if isinstance(left, float) else left % right


def rest(left: float, right: float) -> float | None:
    """What the floor of the quotient leaves."""
    whole = floor_of(left / right)
    return None if whole is None else left - right * whole


def floor_of(value: float) -> float | None:
    """As a number, not as an integer."""
    return float(math.floor(value)) if math.isfinite(value) else None


def rounded(value: Value, digits: int = 0) -> Value:
    """Halves away from zero; the tests ask for no digits of numbers."""
    assert digits == 0
    if isinstance(value, int):
        return value
    whole = math.floor(abs(value))
    return math.copysign(whole + (abs(value) - whole >= 0.5), value)


def written(value: Value) -> str:
    """As CSV has it."""
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def parsed_date(value: Value) -> Value:
    """Of a date, a timestamp or a text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value.date() if isinstance(value, datetime) else value


def parsed_moment(value: Value) -> Value:
    """Of a date, a timestamp or a text that is one."""
    return as_kind(datetime.fromisoformat(value) if isinstance(value, str) else value, ValueKind.TIMESTAMP)


def parsed_number(value: Value) -> Value:
    """Of a text that is one."""
    try:
        return float(value)
    except ValueError:
        return None


PLAIN: dict[str, Callable[..., Value]] = {
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "length": len,
    "contains": lambda text, part: part in text,
    "starts_with": lambda text, part: text.startswith(part),
    "ends_with": lambda text, part: text.endswith(part),
    "replace": lambda text, part, new: text.replace(part, new),
    "substring": lambda text, start, length=None: text[start - 1 :][:length],
    "abs": abs,
    "round": rounded,
    "floor": math.floor,
    "ceil": math.ceil,
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "date": parsed_date,
    "timestamp": parsed_moment,
    "number": parsed_number,
    "text": written,
}
