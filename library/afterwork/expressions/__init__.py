"""The language of tables: formulas over the columns of a row, parsed here and never given to Python to run."""

from afterwork.expressions.errors import ExpressionError
from afterwork.expressions.functions import FUNCTIONS, Function
from afterwork.expressions.kinds import ValueKind
from afterwork.expressions.parser import MAX_LENGTH, parse
from afterwork.expressions.rules import check_aggregate, check_row

__all__ = [
    "FUNCTIONS",
    "MAX_LENGTH",
    "ExpressionError",
    "Function",
    "ValueKind",
    "check_aggregate",
    "check_row",
    "parse",
]
