"""From an expression to its tree: precedence climbing (V. Pratt, Top Down Operator Precedence, 1973)."""

from dataclasses import replace

from afterwork.expressions.errors import ExpressionError, Span, nearest
from afterwork.expressions.functions import FUNCTIONS, Parameter
from afterwork.expressions.kinds import kind_of_value
from afterwork.expressions.nodes import (
    Binary,
    Call,
    Column,
    Literal,
    Membership,
    Node,
    NullTest,
    Unary,
    walk,
)
from afterwork.expressions.tokens import LARGEST_INTEGER, Token, Word, tokens

MAX_LENGTH = 2000
"""Characters of an expression."""
MAX_NESTING = 50
"""Parentheses, calls and signs within one another."""
MAX_DEPTH = 100
"""Of the tree: a chain such as `a + b + c` is as deep as it is long."""
MAX_CHOICES = 200
"""Values in the list of one `in`."""

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_NOT, _COMPARISON, _SIGN = 3, 4, 7
_STRENGTH = {
    "or": 1,
    "and": 2,
    **dict.fromkeys((*_COMPARISONS, "in", "is", "not"), _COMPARISON),
    "+": 5,
    "-": 5,
    **dict.fromkeys(("*", "/", "//", "%"), 6),
}


def parse(source: str) -> Node:
    """The tree of an expression. Raises ExpressionError with the place of what is wrong."""
    if len(source) > MAX_LENGTH:
        raise ExpressionError(source[:1], Span(0, 1), f"an expression has at most {MAX_LENGTH:,} characters")
    node = _Parser(source).whole()
    for found, depth in walk(node):
        if depth > MAX_DEPTH:
            raise ExpressionError(
                source, found.span, f"more than {MAX_DEPTH} operations on top of one another"
            )
    return node


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokens(source)
        self._place = 0
        self._nesting = 0

    def whole(self) -> Node:
        node = self._expression(0)
        if self._next.word is not Word.END:
            raise self._fault(self._next.span, "an operator was expected here")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _fault(self, span: Span, fact: str) -> ExpressionError:
        return ExpressionError(self._source, span, fact)

    def _expect(self, symbol: str, fact: str) -> Token:
        if not self._next.says(symbol):
            raise self._fault(self._next.span, fact)
        return self._take()

    def _expression(self, weakest: int) -> Node:
        """Everything from here on that binds at least as strongly as `weakest`."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._fault(self._next.span, f"nested more than {MAX_NESTING} deep")
        left = self._prefix()
        while (strength := self._strength()) > weakest:
            left = self._infix(left, strength)
        self._nesting -= 1
        return left

    def _strength(self) -> int:
        token = self._next
        return _STRENGTH[str(token.value)] if token.says(*_STRENGTH) else 0

    def _prefix(self) -> Node:
        token = self._take()
        match token.word:
            case Word.LITERAL:
                return self._in_range(Literal(token.value, token.span))
            case Word.NAME | Word.QUOTED_NAME:
                return self._named(token)
        if token.says("("):
            inner = self._expression(0)
            end = self._expect(")", "a closing parenthesis was expected here")
            return replace(inner, span=Span(token.span.start, end.span.end))
        if token.says("not"):
            return self._unary(token, _NOT)
        if token.says("-", "+"):
            return self._unary(token, _SIGN)
        raise self._fault(token.span, "a value was expected here")

    def _in_range(self, found: Literal) -> Literal:
        if isinstance(found.value, int) and found.value > LARGEST_INTEGER:
            raise self._fault(found.span, "is beyond 64-bit integers")
        return found

    def _unary(self, token: Token, strength: int) -> Node:
        if token.says("-") and self._next.value == LARGEST_INTEGER + 1 and self._next.word is Word.LITERAL:
            smallest = self._take()  # only its negative is a 64-bit integer
            return Literal(-LARGEST_INTEGER - 1, Span(token.span.start, smallest.span.end))
        operand = self._expression(strength - 1 if token.says("not") else strength)
        span = Span(token.span.start, operand.span.end)
        if token.says("+"):
            raise self._fault(token.span, "a value needs no plus sign")
        is_number = isinstance(operand, Literal) and type(operand.value) in {int, float}
        if token.says("-") and is_number:
            return self._in_range(Literal(-operand.value, span))  # type: ignore[union-attr, operator] # is_number says so
        return Unary(str(token.value), operand, span)

    def _named(self, token: Token) -> Node:
        name = str(token.value)
        if token.word is Word.QUOTED_NAME or not self._next.says("("):
            return Column(name, token.span)
        function = FUNCTIONS.get(name.lower())
        if function is None:
            raise self._fault(token.span, f"there is no function {name!r}{nearest(name, FUNCTIONS)}")
        self._take()
        arguments = self._listed("an argument")
        end = self._tokens[self._place - 1].span.end
        span = Span(token.span.start, end)
        if not function.takes(len(arguments)):
            raise self._fault(span, f"it is called as {function.signature}")
        for place, argument in enumerate(arguments):
            self._check_literal(function.parameter(place), argument)
        return Call(function.name, arguments, span)

    def _check_literal(self, parameter: Parameter, argument: Node) -> None:
        if not parameter.is_literal:
            return
        value = argument.value if isinstance(argument, Literal) else None
        if kind_of_value(value) not in parameter.kinds:
            wanted = " or ".join(sorted(parameter.kinds))
            raise self._fault(argument.span, f"{parameter.name!r} has to be written out here, as {wanted}")
        size = len(value) if isinstance(value, str) else int(value or 0)
        smallest, largest = parameter.bounds
        if not smallest <= size <= largest:
            what = "characters" if isinstance(value, str) else "it should be"
            raise self._fault(argument.span, f"{parameter.name!r}: {what} {smallest} to {largest:,}")

    def _listed(self, what: str) -> tuple[Node, ...]:
        """What stands before the closing parenthesis, which is taken too."""
        found: list[Node] = []
        while not self._next.says(")"):
            if found:
                self._expect(",", "a comma or a closing parenthesis was expected here")
            found.append(self._expression(0))
            if len(found) > MAX_CHOICES:
                raise self._fault(found[-1].span, f"more than {MAX_CHOICES} values; this is one too many")
        self._expect(")", f"{what} or a closing parenthesis was expected here")
        return tuple(found)

    def _infix(self, left: Node, strength: int) -> Node:
        token = self._take()
        if token.says("is"):
            return self._null_test(left)
        if token.says("not"):
            self._expect("in", "`in` was expected after `not`")
            found = self._membership(left)
            return Unary("not", found, found.span)
        if token.says("in"):
            return self._membership(left)
        right = self._expression(strength)
        if strength == _COMPARISON:
            self._refuse_chain()
        return Binary(str(token.value), left, right, Span(left.span.start, right.span.end))

    def _refuse_chain(self) -> None:
        if self._next.says(*_COMPARISONS):
            raise self._fault(self._next.span, "comparisons cannot be chained; join two by `and`")

    def _null_test(self, operand: Node) -> Node:
        is_negated = self._next.says("not")
        if is_negated:
            self._take()
        token = self._take()
        if token.word is not Word.LITERAL or token.value is not None:
            raise self._fault(token.span, "`is` asks for null only: `is null` or `is not null`")
        span = Span(operand.span.start, token.span.end)
        test = NullTest(operand, span)
        return Unary("not", test, span) if is_negated else test

    def _membership(self, operand: Node) -> Membership:
        self._expect("(", "a list in parentheses was expected here, as in `city in ('Oslo', 'Bonn')`")
        choices = self._listed("a value")
        for choice in choices:
            if not isinstance(choice, Literal) or choice.value is None:
                raise self._fault(
                    choice.span, "the list of `in` has only values that are written out, and no null"
                )
        end = self._tokens[self._place - 1].span.end
        span = Span(operand.span.start, end)
        if not choices:
            raise self._fault(span, "the list of `in` is empty")
        return Membership(operand, tuple(c for c in choices if isinstance(c, Literal)), span)
