"""An expression as a tree. Every node knows which characters it was read from."""

from collections.abc import Iterator
from dataclasses import dataclass

from afterwork.expressions.errors import Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the expression itself."""

    value: str | int | float | bool | None
    span: Span


@dataclass(frozen=True, slots=True)
class Column:
    """The value of a column in the row."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """operator: `-` or `not`."""

    operator: str
    operand: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """operator: `+ - * / // % == != < <= > >= and or`."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand in (…)`; none of the choices is null."""

    operand: "Node"
    choices: tuple[Literal, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class NullTest:
    """`operand is null`."""

    operand: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language, by the name it is known by."""

    function: str
    arguments: tuple["Node", ...]
    span: Span


Node = Literal | Column | Unary | Binary | Membership | NullTest | Call


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Unary() | NullTest():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Membership():
            return (node.operand, *node.choices)
        case Call():
            return node.arguments
        case _:
            return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Every node with its depth, the root's being 1; without recursion, as trees may be deep."""
    waiting = [(node, 1)]
    while waiting:
        found, depth = waiting.pop()
        yield found, depth
        waiting += [(child, depth + 1) for child in reversed(children(found))]
