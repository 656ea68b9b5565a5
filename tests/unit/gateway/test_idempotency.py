"""Reading the `Idempotency-Key` header."""

import pytest
from starlette.requests import Request

from afterwork.errors import BadParameter
from gateway.jobs.idempotency import idempotency_key, parse


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ('"8e03978e-40d5-43dd"', "8e03978e-40d5-43dd"),
        ("8e03978e-40d5-43dd", "8e03978e-40d5-43dd"),
        ('  "padded"  ', "padded"),
        (r'"a \"quoted\" \\ key"', r'a "quoted" \ key'),
        ('"with space, and ünïcode"'.replace("ünïcode", "ascii"), "with space, and ascii"),
        ("order:17/a", "order:17/a"),
        ('"' + "k" * 255 + '"', "k" * 255),
    ],
)
def test_a_string_or_a_bare_token_is_a_key(header: str, key: str) -> None:
    assert parse(header) == key


@pytest.mark.parametrize(
    "header",
    [
        "",
        '""',
        '"open',
        'open"',
        '"a" "b"',
        '"a", "b"',
        '"bad \\escape"',
        '"ü"',
        "ü",
        "a b",
        '"tab\t"',
        "k" * 256,
    ],
)
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(BadParameter):
        parse(header)


def test_the_same_body_elsewhere_is_another_request() -> None:
    here = idempotency_key(_request("/v1/jobs", '"k"'), b"{}")
    there = idempotency_key(_request("/v1/notifications", '"k"'), b"{}")

    assert here is not None
    assert there is not None
    assert here.key == there.key
    assert here.body != there.body


def test_a_request_without_the_header_has_no_key() -> None:
    assert idempotency_key(_request("/v1/jobs"), b"{}") is None


def test_two_keys_are_one_too_many() -> None:
    with pytest.raises(BadParameter):
        idempotency_key(_request("/v1/jobs", '"a"', '"a"'), b"{}")


def _request(path: str, *keys: str) -> Request:
    headers = [(b"idempotency-key", key.encode()) for key in keys]
    return Request({"type": "http", "method": "POST", "path": path, "headers": headers})
