"""What counts as JSON."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from afterwork.errors import MalformedJson, UnsupportedMediaType
from gateway.http.json_body import parse, read_json

ACCEPTED = {
    "null": None,
    "-0": 0,
    "1.7976931348623157e308": 1.7976931348623157e308,
    "1e-999": 0.0,
    "1e299": 1e299,
    '"1e999"': "1e999",
    f"{'9' * 199}e99": float(f"{'9' * 199}e99"),
    "9007199254740993": 9007199254740993,
    '"\\u0000"': "\0",
    '"\\ud83d\\ude00"': "😀",
    '{"a": 1, "a": 2}': {"a": 2},
    "[" * 150 + "]" * 150: None,
}

REFUSED = [
    "",
    "NaN",
    "[Infinity]",
    "-Infinity",
    '{"a": 1e999}',
    "1E+0000400",
    "0.1e310",
    f"{'9' * 220}e99",
    '{"a": [{"b": -1e999}]}',
    "9" * 310,
    "9" * 5000,
    '"\\ud800"',
    '"\\ude00\\ud83d"',
    '"\n"',
    "[1,]",
    "[01]",
    "{'a': 1}",
    "[1] // one",
    "[" * 190 + "]" * 190,
    "[" * 100_000,
    '{"a":' * 100_000,
]


@pytest.mark.parametrize("text", ACCEPTED, ids=lambda text: text[:30])
def test_acceptable_json_is_read(text: str) -> None:
    expected = ACCEPTED[text]

    value = parse(text.encode())

    assert value == expected or (text.startswith("[[") and isinstance(value, list))


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30] or "nothing")
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(MalformedJson):
        parse(text.encode())


@pytest.mark.parametrize(
    "raw", [b'"\xff"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf1", "1".encode("utf-16"), b"\x00"]
)
def test_only_utf_8_is_read(raw: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse(raw)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
async def test_json_may_say_its_charset(content_type: str) -> None:
    body = await read_json(_request(b"[1]", content_type=content_type))

    assert (body.raw, body.value) == (b"[1]", [1])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content_type": "text/json"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": "application/problem+json"},
        {"content_type": "application/json", "content_encoding": "br"},
    ],
)
async def test_what_is_not_said_to_be_plain_json_is_not_read(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType):
        await read_json(_request(b"[1]", **headers))


def _request(body: bytes, **headers: str) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/v1/jobs", "headers": raw}, receive)
