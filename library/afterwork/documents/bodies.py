"""What a document may say: JSON that every database keeps as it is."""

import re
from collections.abc import Mapping
from hashlib import sha256

from pydantic import JsonValue

from afterwork.documents.database import dumps

MAX_BODY = 1024 * 1024
"""Bytes of a body as JSON."""
_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")


def digest_of(body: Mapping[str, JsonValue]) -> str:
    """SHA-256 of the body as JSON, whatever the order of its names. Raises ValueError for one that cannot be kept."""
    try:
        text = dumps(body)
        encoded = text.encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the body is no JSON object: {error}") from None
    except UnicodeEncodeError:
        raise ValueError("the body has a lone surrogate, which is no text") from None
    if len(encoded) > MAX_BODY:
        raise ValueError(f"the body has {len(encoded):,} bytes as JSON, more than {MAX_BODY:,}")
    if _NUL.search(text):
        raise ValueError("the body has a NUL character, which PostgreSQL cannot keep")
    return sha256(encoded).hexdigest()
