"""The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): one key, one job."""

import re

from starlette.requests import Request

from afterwork.engine import IdempotencyKey
from afterwork.errors import BadParameter

_QUOTED = r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"'
"""A string of structured fields (RFC 9651, section 3.3.3)."""
_BARE = r"[A-Za-z0-9!#$%&'*+.^_`|~:/-]{1,255}"
"""What many clients send in its place."""
PATTERN = f"^(?:{_QUOTED}|{_BARE})$"
"""The header's value, for the OpenAPI document."""
_EXPECTED = 'Idempotency-Key: send one string of 1 to 255 characters, such as "8e03978e-40d5-43dd"'


def idempotency_key(request: Request, body: bytes) -> IdempotencyKey | None:
    """The request's key, or None if it has none. Raises BadParameter for one that cannot be read.

    What must be the same under the same key is the request as a whole: method, path and body.
    """
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1:
        raise BadParameter(_EXPECTED)
    target = f"{request.method} {request.scope['path']}\n".encode()
    return IdempotencyKey(key=parse(values[0]), body=target + body)


def parse(header: str) -> str:
    """The key that a header's value holds; raises BadParameter."""
    value = header.strip()
    if string := re.fullmatch(_QUOTED, value):
        return re.sub(r"\\(.)", r"\1", string[1])
    if re.fullmatch(_BARE, value):
        return value
    raise BadParameter(_EXPECTED)
