"""A tree as nested tuples, without its places in the text."""

from afterwork.expressions.nodes import Binary, Call, Column, Literal, Membership, Node, NullTest, Unary

Shape = tuple[object, ...]


def shape(node: Node) -> Shape:  # noqa: PLR0911 - one per node
    """What the tree says."""
    match node:
        case Literal(value=value):
            return ("literal", type(value).__name__, value)
        case Column(name=name):
            return ("column", name)
        case Unary(operator=operator, operand=operand):
            return (operator, shape(operand))
        case Binary(operator=operator, left=left, right=right):
            return (operator, shape(left), shape(right))
        case Membership(operand=operand, choices=choices):
            return ("in", shape(operand), *map(shape, choices))
        case NullTest(operand=operand):
            return ("is null", shape(operand))
        case Call(function=function, arguments=arguments):
            return (function, *map(shape, arguments))
