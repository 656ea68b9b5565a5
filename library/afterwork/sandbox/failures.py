"""How what went wrong in a child comes back: errors of Afterwork as themselves, all others as `ChildError`."""

import traceback
from functools import lru_cache

from afterwork import errors
from afterwork.contracts.base import Frozen

MAX_TEXT = 2000
MAX_TRACE = 8000


class ChildError(Exception):
    """The call raised something, or its process ended without a result; another attempt may help.

    What comes from an exception is of a class of that exception's name (`type(error).__name__`), derived from this
    one. The traceback, or what the process wrote in the end, is among its notes (`__notes__`).
    """


class Failure(Frozen):
    """An exception in a child. code: of an error of Afterwork, or empty. name: of its class. detail: what it says."""

    code: str = ""
    name: str
    detail: str
    trace: str = ""


def describe(error: BaseException) -> Failure:
    """Whatever it is, in so many words that they can be sent."""
    if isinstance(error, MemoryError):
        detail = "it could not be given the memory that it asked for, at its limit"
        return Failure(code=errors.OutOfMemory.code, name="OutOfMemory", detail=detail)
    if isinstance(error, errors.AfterworkError):
        return Failure(code=error.code, name=type(error).__name__, detail=_clean(error.detail, MAX_TEXT))
    trace = "".join(traceback.format_exception(error, limit=-20))
    return Failure(name=type(error).__name__[:100], detail=_text(error), trace=_clean(trace, MAX_TRACE))


def rebuild(failure: Failure) -> Exception:
    """The exception to be raised in the worker."""
    kind = next((kind for kind in errors.problem_types() if kind.code == failure.code), None)
    if kind is not None:
        known = kind.__new__(kind)  # not by its constructor: some take other things than the text
        errors.AfterworkError.__init__(known, failure.detail)
        return known
    error: ChildError = _named(failure.name)(failure.detail)
    if failure.trace:
        error.add_note(f"in the child process:\n{failure.trace}")
    return error


@lru_cache(maxsize=1000)
def _named(name: str) -> type[ChildError]:
    return ChildError if name == ChildError.__name__ else type(name, (ChildError,), {})


def _text(error: BaseException) -> str:
    try:
        return _clean(str(error), MAX_TEXT)
    except BaseException:  # noqa: BLE001 - a broken __str__ must not hide the failure
        return "(its message cannot be shown)"


def _clean(text: str, length: int) -> str:
    short = text if len(text) <= length else f"{text[: length - 1]}…"
    return short.encode("utf-8", "replace").decode()
