"""Conditions on documents as SQL: what no database could compare matches nothing."""

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from afterwork.documents.filters import condition


@pytest.mark.parametrize("is_file", [True, False])
@pytest.mark.parametrize(
    "number", [int("9" * 400), -int("9" * 400), 10**5000], ids=["400 digits", "negative", "5,000 digits"]
)
def test_an_integer_beyond_the_largest_number_matches_nothing(number: int, *, is_file: bool) -> None:
    dialect = (sqlite if is_file else postgresql).dialect()

    alone = condition({"a": number}, is_file=is_file).compile(dialect=dialect)
    beside = condition({"a": ["9", number]}, is_file=is_file).compile(dialect=dialect)

    assert str(alone) in {"false", "0 = 1"}
    assert "body" in str(beside)
