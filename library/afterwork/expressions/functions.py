"""The functions of the language: what they take, what they give, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from afterwork.expressions.kinds import NUMERIC, ORDERED, PLAIN, TEMPORAL, ValueKind

TEXT = frozenset({ValueKind.TEXT})
BOOLEAN = frozenset({ValueKind.BOOLEAN})
INTEGER = frozenset({ValueKind.INTEGER})
LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one argument has to be.

    kinds: what it takes. is_literal: it has to stand in the expression itself. bounds: the smallest and largest that a
    literal may be; of a text, its length. is_shared: it is brought to one kind with the other shared ones.
    """

    name: str
    kinds: frozenset[ValueKind]
    is_literal: bool = False
    is_shared: bool = False
    bounds: tuple[int, int] = (0, LARGEST)


@dataclass(frozen=True, slots=True)
class Function:
    """What is said of one function.

    required: so many arguments at least. repeats: the last parameter may come again. result: None for the common kind
    of the shared parameters. is_aggregate: makes one value of all rows of a group.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ValueKind | None
    meaning: str
    required: int
    repeats: bool = False
    is_aggregate: bool = False

    @property
    def signature(self) -> str:
        """As it is written: `substring(text, start, [length])`."""
        names = [parameter.name for parameter in self.parameters]
        names = [name if place < self.required else f"[{name}]" for place, name in enumerate(names)]
        return f"{self.name}({', '.join(names)}{', …' if self.repeats else ''})"

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        return self.required <= count and (self.repeats or count <= len(self.parameters))

    def parameter(self, place: int) -> Parameter:
        """The parameter of the argument at this place, from 0."""
        return self.parameters[min(place, len(self.parameters) - 1)]


def _function(
    name: str,
    parameters: tuple[Parameter, ...],
    result: ValueKind | None,
    meaning: str,
    *,
    required: int = -1,
) -> Function:
    return Function(name, parameters, result, meaning, required if required >= 0 else len(parameters))


def _repeating(name: str, parameter: Parameter, meaning: str) -> Function:
    return Function(name, (parameter, parameter), None, meaning, required=2, repeats=True)


def _aggregate(name: str, kinds: frozenset[ValueKind], result: ValueKind | None, meaning: str) -> Function:
    parameter = Parameter("value", kinds, is_shared=True)
    return Function(name, (parameter,), result, meaning, required=1, is_aggregate=True)


_TEXT = Parameter("text", TEXT)
_PART = Parameter("part", TEXT, is_literal=True)
_NUMBER = Parameter("number", NUMERIC, is_shared=True)
_TIME = Parameter("date", TEMPORAL)
_ANY = Parameter("value", PLAIN, is_shared=True)
_COMPARABLE = Parameter("value", ORDERED, is_shared=True)

_ALL = (
    _function("lower", (_TEXT,), ValueKind.TEXT, "in small letters, letter by letter"),
    _function("upper", (_TEXT,), ValueKind.TEXT, "in capital letters, letter by letter"),
    _function("trim", (_TEXT,), ValueKind.TEXT, "without white space at both ends"),
    _function("length", (_TEXT,), ValueKind.INTEGER, "how many characters it has"),
    _function("contains", (_TEXT, _PART), ValueKind.BOOLEAN, "whether the part occurs in it"),
    _function("starts_with", (_TEXT, _PART), ValueKind.BOOLEAN, "whether it begins with the part"),
    _function("ends_with", (_TEXT, _PART), ValueKind.BOOLEAN, "whether it ends with the part"),
    _function(
        "replace",
        (
            _TEXT,
            Parameter("part", TEXT, is_literal=True, bounds=(1, LARGEST)),
            Parameter("new", TEXT, is_literal=True),
        ),
        ValueKind.TEXT,
        "with each occurrence of the part replaced; the part is not empty",
    ),
    _function(
        "substring",
        (
            _TEXT,
            Parameter("start", INTEGER, is_literal=True, bounds=(1, LARGEST)),
            Parameter("length", INTEGER, is_literal=True),
        ),
        ValueKind.TEXT,
        "from the character `start` on, the first being 1; so many characters at most",
        required=2,
    ),
    _function("abs", (_NUMBER,), None, "without its sign"),
    _function(
        "round",
        (_NUMBER, Parameter("digits", INTEGER, is_literal=True, bounds=(0, 15))),
        None,
        "to so many decimal places (0 to 15, default 0), halves away from zero",
        required=1,
    ),
    _function("floor", (Parameter("number", NUMERIC),), ValueKind.INTEGER, "the next integer below or equal"),
    _function("ceil", (Parameter("number", NUMERIC),), ValueKind.INTEGER, "the next integer above or equal"),
    _function("year", (_TIME,), ValueKind.INTEGER, "its year (of a timestamp: in UTC)"),
    _function("month", (_TIME,), ValueKind.INTEGER, "its month, 1 to 12"),
    _function("day", (_TIME,), ValueKind.INTEGER, "its day of the month, 1 to 31"),
    _function(
        "date",
        (Parameter("value", TEXT | TEMPORAL),),
        ValueKind.DATE,
        "of `2026-01-31`, or of a timestamp (in UTC)",
    ),
    _function(
        "timestamp",
        (Parameter("value", TEXT | TEMPORAL),),
        ValueKind.TIMESTAMP,
        "of `2026-01-31T12:00:00Z`; without a zone it is UTC",
    ),
    _function(
        "number",
        (Parameter("value", PLAIN - TEMPORAL),),
        ValueKind.NUMBER,
        "the text read as a number; true is 1",
    ),
    _function("text", (Parameter("value", PLAIN),), ValueKind.TEXT, "as it is written in CSV"),
    _function(
        "if",
        (
            Parameter("condition", BOOLEAN),
            Parameter("then", PLAIN, is_shared=True),
            Parameter("else", PLAIN, is_shared=True),
        ),
        None,
        "`then` if the condition is true, `else` if it is false or null",
    ),
    _repeating("coalesce", _ANY, "the first that is not null"),
    _repeating("least", _COMPARABLE, "the smallest that is not null"),
    _repeating("greatest", _COMPARABLE, "the largest that is not null"),
    _aggregate("sum", NUMERIC, None, "the sum; null if there is no value"),
    _aggregate("mean", NUMERIC, ValueKind.NUMBER, "the arithmetic mean"),
    _aggregate("median", NUMERIC, ValueKind.NUMBER, "the middle value, or the mean of both"),
    _aggregate(
        "std",
        NUMERIC,
        ValueKind.NUMBER,
        "the standard deviation of a sample (n − 1); null for less than two values",
    ),
    _aggregate("min", ORDERED, None, "the smallest value"),
    _aggregate("max", ORDERED, None, "the largest value"),
    _aggregate("first", PLAIN, None, "the first value that is not null"),
    _aggregate("last", PLAIN, None, "the last value that is not null"),
    _aggregate(
        "count_distinct", PLAIN, ValueKind.INTEGER, "how many different values there are, nulls not counted"
    ),
    Function(
        "count",
        (Parameter("value", frozenset(ValueKind)),),
        ValueKind.INTEGER,
        "how many rows there are; with a value, how many are not null",
        required=0,
        is_aggregate=True,
    ),
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({function.name: function for function in _ALL})
"""Name → function."""
