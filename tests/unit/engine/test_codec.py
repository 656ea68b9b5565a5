"""Between values and bytes: nothing is changed on the way, and what cannot be kept is refused by name."""

import dataclasses
import json
import math
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from afterwork import errors
from afterwork.contracts import Contract
from afterwork.engine.codec import (
    MAX_DETAIL,
    MAX_RESULT,
    decode_payload,
    dumps,
    encode_payload,
    encode_result,
    loads,
    payload_of,
    result_of,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


class Anything(Contract, kind="test.anything", queue="test"):
    """Any JSON value."""

    value: Any = None
    text: str = ""


class Colour(Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    at: datetime


class Reading(BaseModel):
    value: float


def nested(depth: int) -> Any:  # noqa: ANN401 - lists in lists
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def in_result(body: bytes) -> bytes:
    """As the scripts put a result into its envelope."""
    return (
        b'{"t":1,"f":"test.anything","a":[],"k":{},"et":0,"s":true,"st":0,"ft":0,"q":"test","id":"x","r":%b}'
        % body
    )


# ------------------------------------------------------------------------------------------------ round trips


@given(JSON)
def test_a_json_value_survives_both_ways(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert loads(dumps(value)) == value


@given(JSON, TEXT)
def test_a_payload_survives_its_envelope(value: Any, text: str) -> None:  # noqa: ANN401 - any JSON value
    job = Anything(value=value, text=text)

    envelope = encode_payload(job, 123)

    assert decode_payload(Anything, envelope) == job
    assert payload_of(envelope) == {"value": value, "text": text}
    assert json.loads(envelope)["et"] == 123


@given(JSON)
def test_a_result_survives_its_envelope(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert result_of(in_result(encode_result(value))) == value


@pytest.mark.parametrize("digits", [20, 4299, 4300])
def test_large_integers_are_kept_to_the_digit(digits: int) -> None:
    value = int("9" * digits)

    assert result_of(in_result(encode_result(value))) == value
    assert decode_payload(Anything, encode_payload(Anything(value=value), 0)).value == value


@pytest.mark.parametrize("depth", [10, 100, 195, 198, 200, 220, 254])
def test_a_result_is_readable_or_refused_however_deep(depth: int) -> None:
    try:
        encoded = encode_result(nested(depth))
    except errors.ResultNotJson:
        return

    assert result_of(in_result(encoded)) == nested(depth)


@pytest.mark.parametrize("depth", [10, 100, 195, 198, 200, 220])
def test_a_payload_is_readable_or_refused_however_deep(depth: int) -> None:
    job = Anything(value=nested(depth))
    try:
        envelope = encode_payload(job, 0)
    except errors.InvalidPayload:
        return

    assert decode_payload(Anything, envelope) == job


@pytest.mark.parametrize(
    "value", ["\ud800", object(), 10**4300, nested(1000)], ids=lambda value: type(value).__name__
)
def test_a_payload_that_no_worker_could_read_is_refused_before_it_is_stored(value: object) -> None:
    with pytest.raises(errors.InvalidPayload, match="cannot be written as JSON"):
        encode_payload(Anything(value=value), 0)


# ------------------------------------------------------------------------------------------------ results


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, b"null"),
        ([], b"[]"),
        ({}, b"{}"),
        ('ü\n"', '"ü\\n\\""'.encode()),
        ((1, 2), b"[1,2]"),
        ({3}, b"[3]"),
        (datetime(2026, 1, 2, tzinfo=UTC), b'"2026-01-02T00:00:00Z"'),
        (date(2026, 1, 2), b'"2026-01-02"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (Colour.RED, b'"red"'),
        (Point(1, datetime(2026, 1, 2, tzinfo=UTC)), b'{"x":1,"at":"2026-01-02T00:00:00Z"}'),
        (Reading(value=0.5), b'{"value":0.5}'),
        ({"deep": [Reading(value=1)]}, b'{"deep":[{"value":1.0}]}'),
    ],
)
def test_a_result_may_be_whatever_pydantic_can_write_as_json(value: object, encoded: bytes) -> None:
    assert encode_result(value) == encoded


class Mute:
    """Raises wherever it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [math.inf],
        {"x": -math.inf},
        Reading(value=math.nan),
        "\ud800",
        {"\udfff": 1},
        b"\xff",
        object(),
        Mute(),
        10**4300,
        circular(),
        nested(100_000),
        lambda: None,
        ValueError("x"),
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_result_that_is_no_json_is_refused_by_name(value: object) -> None:
    with pytest.raises(errors.ResultNotJson, match=type(value).__name__):
        encode_result(value)


@pytest.mark.parametrize("value", ["x" * (MAX_RESULT - 2), "é" * (MAX_RESULT // 2 - 1)])
def test_a_result_of_one_mebibyte_is_kept(value: str) -> None:
    assert len(encode_result(value)) == MAX_RESULT


@pytest.mark.parametrize("value", ["x" * (MAX_RESULT - 1), "é" * (MAX_RESULT // 2), ["x" * 2000] * 1000])
def test_a_result_of_a_byte_more_is_too_large(value: object) -> None:
    with pytest.raises(errors.ResultTooLarge, match=str(MAX_RESULT)):
        encode_result(value)


# ------------------------------------------------------------------------------------------------ payloads


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"a"',
        b"{}",
        b'{"a":null}',
        b'{"a":[]}',
        b'{"a":[1,2]}',
        b"\x80\x04\x95",
        b'{"a":[{"text":"\xff"}]}',
        b'{"a":[{"text":"\\ud800"}]}',
        b'{"a":[{"value":%b}]}' % (b"9" * 5000),
        b'{"a":[{"value":%b1%b}]}' % (b"[" * 100_000, b"]" * 100_000),
    ],
    ids=lambda envelope: envelope[:20].decode(errors="replace"),
)
def test_an_envelope_that_is_none_is_undecodable(envelope: bytes) -> None:
    with pytest.raises(errors.Undecodable):
        decode_payload(Anything, envelope)


@pytest.mark.parametrize("payload", [b"null", b"[]", b"5", b'{"text":5}', b'{"unknown":1}'])
def test_a_payload_that_does_not_fit_its_contract_is_invalid(payload: bytes) -> None:
    with pytest.raises(errors.PayloadInvalid):
        decode_payload(Anything, b'{"a":[%b]}' % payload)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_payload_with_a_number_beyond_json_is_refused_as_the_jobs_fault(number: bytes) -> None:
    with pytest.raises((errors.PayloadInvalid, errors.Undecodable)):
        decode_payload(Anything, b'{"a":[{"value":%b}]}' % number)


class Holder(Contract, kind="test.holder", queue="test"):
    """Several places that can be wrong."""

    either: tuple[Point | Reading, ...] = ()
    must: int


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        ({}, "/must: is missing"),
        ([], "the payload: Input should be an object"),
        ({"must": "S3CRET"}, "/must: Input should be a valid integer, unable to parse string as an integer"),
        ({"must": 1, "a/b~c": "S3CRET"}, "/a~1b~0c: Extra inputs are not permitted"),
        ({"must": 1, "x" * 600: 1}, "the payload: Extra inputs are not permitted"),
        ({"must": 1, "either": [{"value": {}}]}, "/either/0/x: is missing (and 3 more)"),
        ({"must": 1, "either": [5]}, "/either/0: Input should be an object (and 1 more)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_reason_of_an_invalid_payload_is_a_place_in_it_without_values(
    payload: object, detail: str
) -> None:
    with pytest.raises(errors.PayloadInvalid) as refused:
        decode_payload(Holder, b'{"a":[%b]}' % dumps(payload))

    assert refused.value.detail == detail


def test_the_reason_of_an_invalid_payload_is_short() -> None:
    with pytest.raises(errors.PayloadInvalid) as refused:
        decode_payload(Anything, b'{"a":[%b]}' % json.dumps({str(i): i for i in range(1000)}).encode())

    assert len(refused.value.detail) <= MAX_DETAIL
