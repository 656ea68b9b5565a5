"""JSON pointers and the errors they lead to."""

import pytest
from pydantic import BaseModel, JsonValue, ValidationError

from gateway.http.pointers import MAX_ERRORS, MAX_POINTER, places, pointer


class Deep(BaseModel):
    inner: dict[str, dict[str, int]]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], ""),
        (["payload", "to", 0], "/payload/to/0"),
        (["a/b"], "/a~1b"),
        (["m~n"], "/m~0n"),
        (["~1"], "/~01"),
        ([""], "/"),
        (["%c"], "/%c"),
    ],
)
def test_pointers_are_escaped_as_rfc_6901_says(parts: list[str | int], expected: str) -> None:
    assert pointer(parts) == expected


def test_a_missing_member_is_named_though_it_is_not_there() -> None:
    assert _places({}) == ["/inner"]


def test_a_pointer_of_any_length_is_cut_at_a_place_above() -> None:
    document: JsonValue = {"inner": {"short": {"k" * MAX_POINTER: "x"}}}

    assert _places(document) == ["/inner/short"]


def _places(document: JsonValue) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Deep.model_validate(document)
    return [place.pointer for place in places(caught.value, document)]


def test_errors_beyond_counting_are_counted() -> None:
    document: JsonValue = {"inner": {"many": {str(number): "x" for number in range(MAX_ERRORS + 1)}}}

    with pytest.raises(ValidationError) as caught:
        Deep.model_validate(document)

    (place,) = places(caught.value, document)
    assert str(MAX_ERRORS + 1) in place.detail
