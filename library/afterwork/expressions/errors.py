"""What is wrong with an expression, and at which character."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_EXCERPT = 40


@dataclass(frozen=True, slots=True)
class Span:
    """A part of an expression: characters from `start` to before `end`, counted from 0."""

    start: int
    end: int


class ExpressionError(ValueError):
    """The expression cannot be used. Its text names the character (from 1), the excerpt and the fact.

    source: the whole expression. span: the part that is at fault. fact: what is wrong with it.
    """

    def __init__(self, source: str, span: Span, fact: str) -> None:
        self.source = source
        self.span = span
        self.fact = fact
        super().__init__(f"at character {span.start + 1}, {self._excerpt()}: {fact}")

    def pointed(self) -> str:
        """The line of the expression with a mark below the part that is at fault."""
        before = self.source[: self.span.start]
        column = len(before) - (before.rfind("\n") + 1)
        line = self.source.split("\n")[before.count("\n")]
        width = max(1, min(self.span.end - self.span.start, len(line) - column))
        return f"{line}\n{' ' * column}{'^' * width}"

    def _excerpt(self) -> str:
        found = self.source[self.span.start : self.span.end]
        if not found:
            return "the end"
        return repr(found if len(found) <= LONGEST_EXCERPT else f"{found[:LONGEST_EXCERPT]}…")


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing if no known name is like this one."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[found[0]]!r}?" if found else ""
