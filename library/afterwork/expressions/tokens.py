"""From the characters of an expression to its words."""

import math
import re
from dataclasses import dataclass
from enum import Enum, auto

from afterwork.expressions.errors import ExpressionError, Span

LONGEST_DIGITS = 40
LARGEST_INTEGER = 2**63 - 1
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
SYNONYMS = {"=": "==", "<>": "!="}
_WORD = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>//|==|!=|<>|<=|>=|[-+*/%<>=(),])""",
    re.VERBOSE,
)


class Word(Enum):
    """What a token is."""

    LITERAL = auto()
    NAME = auto()
    QUOTED_NAME = auto()
    KEYWORD = auto()
    OPERATOR = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression. value: of a literal; the name, keyword or operator of the others."""

    word: Word
    value: str | int | float | bool | None
    span: Span

    def says(self, *symbols: str) -> bool:
        """Whether it is one of these keywords or operators."""
        return self.word in {Word.KEYWORD, Word.OPERATOR} and self.value in symbols


def tokens(source: str) -> list[Token]:
    """All words, the last one being the end. Raises ExpressionError for what is no word."""
    found: list[Token] = []
    place = 0
    while place < len(source):
        match = _WORD.match(source, place)
        if match is None:
            raise ExpressionError(source, Span(place, place + 1), _complaint(source[place]))
        if match.lastgroup != "space":
            found.append(_token(source, match))
        place = match.end()
    return [*found, Token(Word.END, "", Span(place, place))]


def _token(source: str, match: re.Match[str]) -> Token:
    text, span = match[0], Span(*match.span())
    match match.lastgroup:
        case "number":
            return Token(Word.LITERAL, _number(source, span), span)
        case "text":
            return Token(Word.LITERAL, text[1:-1].replace(text[0] * 2, text[0]), span)
        case "quoted":
            return Token(Word.QUOTED_NAME, text[1:-1].replace("``", "`"), span)
        case "name":
            return _name(text, span)
        case _:
            return Token(Word.OPERATOR, SYNONYMS.get(text, text), span)


def _name(text: str, span: Span) -> Token:
    keyword = text.lower()
    if keyword in CONSTANTS:
        return Token(Word.LITERAL, CONSTANTS[keyword], span)
    if keyword in KEYWORDS:
        return Token(Word.KEYWORD, keyword, span)
    return Token(Word.NAME, text, span)


def _number(source: str, span: Span) -> int | float:
    text = source[span.start : span.end]
    if len(text) > LONGEST_DIGITS:
        raise ExpressionError(source, span, f"a number has at most {LONGEST_DIGITS} characters")
    if source[span.end : span.end + 1].isidentifier():
        raise ExpressionError(source, span, "a name cannot begin with a digit; put it into `backquotes`")
    value = int(text) if text.isdigit() else float(text)
    if isinstance(value, int) and value > LARGEST_INTEGER + 1:  # the parser sees whether a sign makes it one
        raise ExpressionError(source, span, "is beyond 64-bit integers")
    if math.isinf(value):
        raise ExpressionError(source, span, "is beyond the largest number")
    return value


def _complaint(character: str) -> str:
    if character in "'\"":
        return "this text is not closed"
    if character == "`":
        return "this name is not closed, or empty"
    return "means nothing here"
