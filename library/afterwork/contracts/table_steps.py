"""The steps of `table.process`: what is done to a table, one after another; expressions are checked here already."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from afterwork.contracts.base import Frozen
from afterwork.expressions import MAX_LENGTH, check_aggregate, check_row, parse

MAX_STEPS = 50
MAX_TEXT = 20_000
"""Characters of all expressions and names of a job's steps together, so that checking them holds up nobody."""

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A column. In an expression, a name with other characters than letters, digits and _ stands in `backquotes`."""


def _checked_row(source: str) -> str:
    check_row(source, parse(source))
    return source


Text = Annotated[str, StringConstraints(max_length=MAX_LENGTH)]
Expression = Annotated[Text, AfterValidator(_checked_row), Field(examples=["price * quantity"])]
"""A formula over the columns of one row, in the language of `docs/tables.md`."""


class Select(Frozen):
    """Keep these columns only, in this order."""

    op: Literal["select"]
    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column stands twice in columns")
        return self


class Filter(Frozen):
    """Keep the rows for which `where` is true; those for which it is false or null go."""

    op: Literal["filter"]
    where: Annotated[Expression, Field(examples=["country in ('SG', 'MY') and amount > 10"])]


class Derive(Frozen):
    """Set columns, new ones or old ones: column → expression. All expressions see the row as it was before the step."""

    op: Literal["derive"]
    set: Annotated[dict[ColumnName, Expression], Field(min_length=1, max_length=100)]


class Group(Frozen):
    """Make one row of all rows with the same values in the columns `by`; groups stand in the order of their first rows.

    by: without any, all rows are one group. aggregate: column → expression with aggregates, such as `sum(amount)`.
    """

    op: Literal["group"]
    by: Annotated[list[ColumnName], Field(max_length=100)] = []  # noqa: RUF012 - pydantic copies it for each model
    aggregate: Annotated[dict[ColumnName, Text], Field(max_length=100, examples=[{"total": "sum(amount)"}])]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if len(set(self.by)) < len(self.by):
            raise ValueError("a column stands twice in by")
        if not self.by and not self.aggregate:
            raise ValueError("without by there must be something to aggregate")
        for name, source in self.aggregate.items():
            if name in self.by:
                raise ValueError(f"{name!r} stands in by and in aggregate")
            try:
                check_aggregate(source, parse(source), self.by)
            except ValueError as error:
                raise ValueError(f"aggregate {name!r}: {error}") from None
        return self


class Sort(Frozen):
    """Order the rows by columns; `-column` from the largest down. Nulls stand last; equal rows keep their order."""

    op: Literal["sort"]
    by: Annotated[list[ColumnName], Field(min_length=1, max_length=100, examples=[["-total", "city"]])]


class Limit(Frozen):
    """Keep the first `rows` rows."""

    op: Literal["limit"]
    rows: Annotated[int, Field(ge=0, le=2**53)]


Step = Annotated[Select | Filter | Derive | Group | Sort | Limit, Field(discriminator="op")]


def _bounded(steps: Any) -> Any:  # noqa: ANN401 - whatever was sent; the models check it next
    """Refuses more text than can be parsed in no time. It is looked at before anything is parsed."""
    waiting, length = [steps], 0
    while waiting:
        match waiting.pop():
            case str(text):
                length += len(text)
            case list(items):
                waiting += items
            case dict(items):
                waiting += [*items.keys(), *items.values()]
    if length > MAX_TEXT:
        raise ValueError(f"the steps have {length:,} characters together, of {MAX_TEXT:,} at most")
    return steps


Steps = Annotated[
    list[Step], Field(max_length=MAX_STEPS), BeforeValidator(_bounded, json_schema_input_type=list[Step])
]
"""Steps in their order."""
