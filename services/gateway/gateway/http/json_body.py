"""Reads a JSON body from its bytes: what is not JSON that can be accepted never reaches a contract."""

import re
import sys
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import JsonValue
from pydantic_core import from_json
from starlette.requests import Request

from afterwork.errors import MalformedJson, UnsupportedMediaType

_JSON = "application/json"
_LARGE_NUMBER = re.compile(rb"[0-9][eE]\+?0*[1-9][0-9]{2}|(?<![0-9])[0-9]{200}")
"""Every number beyond 1e299 looks like this: an exponent from 100 on, or 200 digits. (Text may look so, too.)"""

_HEADROOM = 20
"""Levels that must be left below the parser's limit of 200: what is stored and answered is nested a little deeper."""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A body as it was sent, and what it says."""

    raw: bytes
    value: JsonValue


async def read_json(request: Request, *, also: str | None = None) -> JsonBody:
    """The request's body, said to be `application/json`, or of the media type `also`.

    Raises UnsupportedMediaType if it is not said to be JSON in UTF-8, MalformedJson if it is not acceptable JSON,
    PayloadTooLarge if it is too large.
    """
    content_type = request.headers.get("content-type")
    if content_type is not None:
        _check_content_type(content_type, {_JSON, also})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "the body is compressed; send it as it is"
        raise UnsupportedMediaType(message)
    raw = await request.body()
    if raw and content_type is None:
        message = "Content-Type is missing; send application/json"
        raise UnsupportedMediaType(message)
    return JsonBody(raw, parse(raw))


def parse(raw: bytes) -> JsonValue:
    """What the bytes say (RFC 8259, UTF-8, every number within a double's range), or MalformedJson."""
    try:
        value: JsonValue = from_json(raw, allow_inf_nan=False)
        if raw.count(b"[") + raw.count(b"{") > _HEADROOM:
            from_json(b"[" * _HEADROOM + raw + b"]" * _HEADROOM)
    except ValueError as error:
        raise MalformedJson(str(error)) from error
    if _LARGE_NUMBER.search(raw) and not _is_finite(value):
        message = "a number is beyond the range of a double"
        raise MalformedJson(message)
    return value


def _check_content_type(value: str, allowed: Collection[str | None]) -> None:
    media_type, *parameters = (part.strip().lower() for part in value.split(";"))
    charsets = [
        text.removeprefix("charset=").strip('"') for text in parameters if text.startswith("charset=")
    ]
    if media_type not in allowed or not set(charsets) <= {"utf-8", "utf8"}:
        message = f"{value[:100]!r} is not read here; send application/json in UTF-8"
        raise UnsupportedMediaType(message)


def _is_finite(value: JsonValue) -> bool:
    # The parser turns 1e999 into infinity and accepts integers of 4,300 digits.
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, int | float) and abs(part) > sys.float_info.max:
            return False
    return True
