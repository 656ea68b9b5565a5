"""What must hold for an expression: where aggregates may stand, and which kinds of values go together."""

from collections.abc import Collection, Mapping

from afterwork.expressions.errors import ExpressionError, Span, nearest
from afterwork.expressions.functions import FUNCTIONS, Parameter
from afterwork.expressions.kinds import NUMERIC, ORDERED, PLAIN, ValueKind, common, kind_of_value
from afterwork.expressions.nodes import (
    Binary,
    Call,
    Column,
    Literal,
    Membership,
    Node,
    NullTest,
    Unary,
    children,
    walk,
)

ADVICE = {
    ValueKind.TEXT: "; number(…) makes one of a text",
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%"})


def check_row(source: str, node: Node) -> None:
    """Raises ExpressionError for an aggregate: there is only one row to look at."""
    for found, _ in walk(node):
        if is_aggregate(found):
            raise ExpressionError(source, found.span, "an aggregate stands only in the step `group`")


def check_aggregate(source: str, node: Node, by: Collection[str]) -> None:
    """Raises ExpressionError for a column that is neither grouped by nor within an aggregate, or nested aggregates."""
    if isinstance(node, Column) and node.name not in by:
        raise ExpressionError(
            source, node.span, "stands outside of an aggregate such as sum(…), and is not in `by`"
        )
    for child in children(node):
        if is_aggregate(node):
            _refuse_nested(source, child)
        else:
            check_aggregate(source, child, by)


def _refuse_nested(source: str, node: Node) -> None:
    for found, _ in walk(node):
        if is_aggregate(found):
            raise ExpressionError(source, found.span, "an aggregate cannot stand within another one")


def is_aggregate(node: Node) -> bool:
    """Whether it is the call of an aggregate."""
    return isinstance(node, Call) and FUNCTIONS[node.function].is_aggregate


class KindChecker:
    """Finds the kind of every part of one expression, given the kinds of the columns.

    Raises ExpressionError for an unknown column, and for values that do not go together.
    """

    def __init__(self, source: str, columns: Mapping[str, ValueKind]) -> None:
        self._source = source
        self._columns = columns

    def kind(self, node: Node) -> ValueKind:  # noqa: PLR0911 - one per node
        """The kind of the values of this node."""
        match node:
            case Literal():
                return kind_of_value(node.value)
            case Column():
                return self._column(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Membership():
                self._membership(node)
                return ValueKind.BOOLEAN
            case NullTest():
                self.kind(node.operand)
                return ValueKind.BOOLEAN
            case Call():
                return self._call(node)

    def expect(self, node: Node, kind: ValueKind) -> None:
        """Raises ExpressionError if the node is of another kind."""
        found = self.kind(node)
        if found not in {kind, ValueKind.NULL}:
            raise self._fault(node.span, f"should be {kind}, but is {found}")

    def _fault(self, span: Span, fact: str) -> ExpressionError:
        return ExpressionError(self._source, span, fact)

    def _column(self, node: Column) -> ValueKind:
        if node.name not in self._columns:
            fact = f"there is no column {node.name!r}{nearest(node.name, self._columns)}"
            raise self._fault(node.span, fact)
        return self._columns[node.name]

    def _unary(self, node: Unary) -> ValueKind:
        if node.operator == "not":
            self.expect(node.operand, ValueKind.BOOLEAN)
            return ValueKind.BOOLEAN
        return self._numeric(node.operand, self.kind(node.operand))

    def _numeric(self, node: Node, kind: ValueKind) -> ValueKind:
        if kind not in NUMERIC | {ValueKind.NULL}:
            raise self._fault(node.span, f"should be a number, but is {kind}{ADVICE.get(kind, '')}")
        return kind

    def _binary(self, node: Binary) -> ValueKind:
        if node.operator in {"and", "or"}:
            self.expect(node.left, ValueKind.BOOLEAN)
            self.expect(node.right, ValueKind.BOOLEAN)
            return ValueKind.BOOLEAN
        if node.operator in _ARITHMETIC:
            return self._arithmetic(node)
        return self._comparison(node)

    def _arithmetic(self, node: Binary) -> ValueKind:
        left, right = self.kind(node.left), self.kind(node.right)
        if node.operator == "+" and ValueKind.TEXT in {left, right}:
            if common(left, right) is None:
                raise self._fault(
                    node.span, f"{left} and {right} cannot be added; text(…) makes a text of a value"
                )
            return ValueKind.TEXT
        self._numeric(node.left, left)
        self._numeric(node.right, right)
        if node.operator == "/":
            return ValueKind.NUMBER
        return common(left, right) or ValueKind.NUMBER

    def _comparison(self, node: Binary) -> ValueKind:
        for side in (node.left, node.right):
            if isinstance(side, Literal) and side.value is None:
                raise self._fault(node.span, "nothing equals null; write `is null`")
        left, right = self.kind(node.left), self.kind(node.right)
        shared = common(left, right)
        allowed = PLAIN if node.operator in {"==", "!="} else ORDERED
        if shared is None or shared not in allowed | {ValueKind.NULL}:
            raise self._fault(node.span, f"{left} and {right} cannot be compared by {node.operator}")
        return ValueKind.BOOLEAN

    def _membership(self, node: Membership) -> None:
        operand = self.kind(node.operand)
        for choice in node.choices:
            found = kind_of_value(choice.value)
            shared = common(operand, found)
            if shared is None or shared not in PLAIN:
                raise self._fault(choice.span, f"is {found}, but what is looked for is {operand}")

    def _call(self, node: Call) -> ValueKind:
        function = FUNCTIONS[node.function]
        shared = ValueKind.NULL
        for place, argument in enumerate(node.arguments):
            parameter = function.parameter(place)
            kind = self._argument(parameter, argument)
            if parameter.is_shared:
                together = common(shared, kind)
                if together is None:
                    raise self._fault(argument.span, f"is {kind}, but the value before it is {shared}")
                shared = together
        return shared if function.result is None else function.result

    def _argument(self, parameter: Parameter, argument: Node) -> ValueKind:
        kind = self.kind(argument)
        if kind not in parameter.kinds | {ValueKind.NULL}:
            wanted = " or ".join(sorted(parameter.kinds))
            raise self._fault(argument.span, f"should be {wanted}, but is {kind}")
        return kind
