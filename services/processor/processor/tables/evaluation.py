"""The value of an expression for all rows of a frame at once; what cannot be computed for a row is null there."""

from collections.abc import Callable, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from afterwork.expressions import ValueKind
from afterwork.expressions.kinds import common
from afterwork.expressions.nodes import Binary, Call, Column, Literal, Membership, Node, NullTest, Unary
from afterwork.expressions.rules import KindChecker
from processor.tables import arithmetic, builtins
from processor.tables.columns import TYPES, Values, kind_of, kinds_of, read_as, stored, usable
from processor.tables.findings import Findings
from processor.tables.spoiled import Spoiled

_COMPARE: Mapping[str, Callable[[Values, Values], Values]] = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def evaluate(source: str, node: Node, frame: pd.DataFrame, findings: Findings) -> Values:
    """The values of a parsed expression, one a row. Raises ExpressionError if it does not fit the columns.

    Nulls are unknown, as in SQL: what is computed with one is null, `false and null` is false. findings: is told of
    the rows for which there is no value.
    """
    KindChecker(source, kinds_of(frame)).kind(node)
    return Evaluation(source, frame, findings).values(node)


class Evaluation:
    """One expression over one frame. The kinds have been checked."""

    def __init__(self, source: str, frame: pd.DataFrame, findings: Findings) -> None:
        self._source = source
        self._frame = frame
        self._findings = findings

    def values(self, node: Node) -> Values:  # noqa: C901, PLR0911 - one per node
        """The values of a node."""
        match node:
            case Literal():
                return literal(node)
            case Column():
                return usable(stored(self._frame, node.name))
            case Unary(operator="not"):
                return pc.invert(read_as(self.values(node.operand), ValueKind.BOOLEAN))
            case Unary():
                return self._arithmetic("-", pa.scalar(0, pa.int64()), self.values(node.operand), node)
            case Binary():
                return self._binary(node)
            case Membership():
                return self._membership(node)
            case NullTest():
                return pc.is_null(self.values(node.operand))
            case Call():
                values = [self.values(argument) for argument in node.arguments]
                return builtins.call(node.function, values, self._spoiled(node))

    def _binary(self, node: Binary) -> Values:
        left, right = self.values(node.left), self.values(node.right)
        if node.operator in {"and", "or"}:
            sides = [read_as(side, ValueKind.BOOLEAN) for side in (left, right)]
            return (pc.and_kleene if node.operator == "and" else pc.or_kleene)(*sides)
        if node.operator in _COMPARE:
            left, right = _comparable(left, right)
            return _COMPARE[node.operator](left, right)
        return self._arithmetic(node.operator, left, right, node)

    def _arithmetic(self, symbol: str, left: Values, right: Values, node: Node) -> Values:
        left, right = _together(left, right)
        return arithmetic.compute(symbol, left, right, self._spoiled(node))

    def _membership(self, node: Membership) -> Values:
        operand = self.values(node.operand)
        kind = kind_of(operand.type)
        for choice in node.choices:
            kind = common(kind, kind_of(literal(choice).type)) or kind
        choices = pa.array([choice.value for choice in node.choices], TYPES[kind])
        operand = read_as(operand, kind)
        return pc.if_else(
            pc.is_null(operand), pa.scalar(None, pa.bool_()), pc.is_in(operand, value_set=choices)
        )

    def _spoiled(self, node: Node) -> Spoiled:
        excerpt = self._source[node.span.start : node.span.end]
        return Spoiled(self._frame.index, excerpt, self._findings)


def literal(node: Literal) -> pa.Scalar:
    """A value of the expression itself."""
    kind = pa.large_string() if isinstance(node.value, str) else None
    return pa.scalar(node.value, kind)


def _comparable(left: Values, right: Values) -> tuple[Values, Values]:
    left, right = _together(left, right)
    if kind_of(left.type) is ValueKind.NULL:  # Arrow compares only what has a type
        return read_as(left, ValueKind.BOOLEAN), read_as(right, ValueKind.BOOLEAN)
    return left, right


def _together(left: Values, right: Values) -> tuple[Values, Values]:
    kind = common(kind_of(left.type), kind_of(right.type)) or ValueKind.OTHER
    return read_as(left, kind), read_as(right, kind)
