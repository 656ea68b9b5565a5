"""Problem documents, and exceptions that are hard to show."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterwork import errors
from afterwork.engine.codec import (
    MAX_DETAIL,
    exception_text,
    problem_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


class Broken(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError


class Endless(Exception):
    """Shows itself for ever."""

    def __str__(self) -> str:
        return str(self)


class Lethal(Exception):
    """Tries to end the process when it is shown."""

    def __str__(self) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize("kind", [Broken, Endless, Lethal])
def test_an_exception_that_cannot_be_shown_is_named_all_the_same(kind: type[Exception]) -> None:
    assert exception_text(kind()) == f"{kind.__name__}: (its message cannot be shown)"


def test_an_exception_is_shown_with_its_class() -> None:
    assert exception_text(KeyError("k")) == "KeyError: 'k'"


@given(st.text())
def test_any_text_makes_a_problem_that_can_be_read(text: str) -> None:
    document = json.loads(problem_json(errors.HandlerError, text, attempt=2, exception="Wrong"))

    assert document["type"] == "/problems/handler-error"
    assert (document["attempt"], document["exception"], document["retryable"]) == (2, "Wrong", True)
    assert 0 < len(document["detail"]) <= MAX_DETAIL


def test_a_problem_without_detail_says_its_title() -> None:
    document = json.loads(problem_json(errors.WorkerLost))

    assert document["detail"] == document["title"]
    assert "attempt" not in document
