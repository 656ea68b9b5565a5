"""Where in a body a validation error lies, as JSON pointers (RFC 6901)."""

from collections.abc import Callable, Sequence

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from gateway.http.problems import FieldError

MAX_PLACES = 50
"""Errors told of one body; a body of 1 MiB can have hundreds of thousands."""
MAX_ERRORS = 10_000
"""Beyond this many they are only counted: to spell them out would hold up everybody else for a second."""
MAX_POINTER = 500
"""Characters of a pointer; what lies deeper is told of the place above it."""


def pointer(parts: Sequence[str | int]) -> str:
    """The JSON pointer made of these object keys and array indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def places(
    error: ValidationError, document: JsonValue, *, is_told: Callable[[ErrorDetails], bool] = lambda _: True
) -> list[FieldError]:
    """The first places at which `document` failed its validation, each once for every reason; at least one.

    is_told: which errors count; it may leave none.
    """
    if error.error_count() > MAX_ERRORS:
        return [FieldError(pointer="", detail=f"has {error.error_count()} errors, too many to name")]
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    details = [detail for detail in errors if is_told(detail)][:MAX_PLACES]
    return [FieldError(pointer=_locate(detail, document), detail=_text(detail)) for detail in details]


def _locate(detail: ErrorDetails, document: JsonValue) -> str:
    """Follow the location through the document: pydantic's names of union members are no places in it."""
    here = ""
    place: JsonValue = document
    last = len(detail["loc"]) - 1
    for depth, part in enumerate(detail["loc"]):
        is_missing = depth == last and detail["type"] == "missing"
        match place, part:
            case dict(), str() if part in place:
                place = place[part]
            case list(), int() if part < len(place):
                place = place[part]
            case _ if not is_missing:
                continue
        longer = here + pointer([part])
        if len(longer) > MAX_POINTER:
            break
        here = longer
    return here


def _text(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "is missing"
    return detail["msg"].removeprefix("Value error, ")
