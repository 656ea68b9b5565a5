"""What went wrong in a child is told in the worker as what it is, whatever it is."""

import pytest

from afterwork import errors
from afterwork.sandbox.failures import MAX_TEXT, ChildError, Failure, describe, rebuild


class Strange(Exception):
    """Its message cannot be had."""

    def __str__(self) -> str:
        raise LookupError


def crossed(error: BaseException) -> Exception:
    return rebuild(Failure.model_validate_json(describe(error).model_dump_json()))


class RowMissing(errors.InputInvalid):
    """A closer word for one of them."""


OWN = [kind for kind in errors.problem_types() if kind.__module__.startswith("afterwork.errors.")]


def test_what_is_derived_from_an_error_of_afterwork_crosses_as_that() -> None:
    assert type(crossed(RowMissing("row 7"))) is errors.InputInvalid


@pytest.mark.parametrize("kind", OWN)
def test_every_error_of_afterwork_crosses(kind: type[errors.AfterworkError]) -> None:
    error = kind.__new__(kind)
    errors.AfterworkError.__init__(error, "what it says")

    back = crossed(error)

    assert type(back) is kind
    assert isinstance(back, errors.AfterworkError)
    assert (back.detail, str(back)) == ("what it says", "what it says")


@pytest.mark.parametrize(
    ("error", "name", "text"),
    [
        (ValueError("no"), "ValueError", "no"),
        (KeyError("a"), "KeyError", "'a'"),
        (SystemExit(3), "SystemExit", "3"),
        (ChildError("inner"), "ChildError", "inner"),
        (ValueError("half \ud800 a pair"), "ValueError", "half ? a pair"),
        (Strange(), "Strange", "(its message cannot be shown)"),
        (ValueError("x" * 10_000), "ValueError", "x" * (MAX_TEXT - 1) + "…"),
    ],
)
def test_others_cross_by_name(error: BaseException, name: str, text: str) -> None:
    back = crossed(error)

    assert isinstance(back, ChildError)
    assert (type(back).__name__, str(back)) == (name, text)


def test_a_lack_of_memory_crosses_as_such() -> None:
    assert isinstance(crossed(MemoryError()), errors.OutOfMemory)


def test_the_traceback_comes_along() -> None:
    with pytest.raises(ValueError, match="invalid literal") as raised:
        int("no number")

    back = crossed(raised.value)

    assert "test_failures.py" in back.__notes__[0]
