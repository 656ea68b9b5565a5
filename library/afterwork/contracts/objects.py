"""How objects are named in payloads, and what is known of them: `store/key`, tiers."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_KEY = 900
"""Bytes of a key as UTF-8: S3 allows 1,024, and names for temporary objects have to fit as well."""
RESERVED = ".afterwork"
"""No key begins with this segment: below it a local store keeps what is no object."""
RECEIPTS = "receipts"
"""The store that the services alone write: what stands in it proves what they have done."""
STORE_NAME = r"[a-z][a-z0-9_-]{0,62}"


class Tier(StrEnum):
    """How quickly an object is at hand, and at what price: `archive` has to be restored before it can be read."""

    HOT = "hot"
    COOL = "cool"
    COLD = "cold"
    ARCHIVE = "archive"


def checked_key(key: str) -> str:
    """The key itself. Raises ValueError for one that is no plain path below its store.

    Segments are joined by single slashes; none is empty, `.` or `..`, the first is not RESERVED, and there are no
    control characters and no backslashes, so that a key means the same in a directory as in a bucket.
    """
    if len(key.encode("utf-8", "replace")) > MAX_KEY:
        raise ValueError(f"the key is longer than {MAX_KEY} bytes")
    if any(segment in {"", ".", ".."} for segment in key.split("/")):
        raise ValueError("the key has an empty segment, or one that is . or ..")
    if key.partition("/")[0].casefold() == RESERVED:
        raise ValueError(f"no key begins with {RESERVED}")
    if any(not character.isprintable() or character == "\\" for character in key):
        raise ValueError("the key has a control character or a backslash")
    return key


def _checked_name(name: str) -> str:
    checked_key(name.partition("/")[2])
    return name


def _checked_prefix(name: str) -> str:
    prefix = name.partition("/")[2].removesuffix("/")
    if prefix:
        checked_key(prefix)
    return name


ObjectName = Annotated[
    str,
    Field(pattern=rf"^{STORE_NAME}/.+$", max_length=1000, examples=["inbox/orders.csv"]),
    AfterValidator(_checked_name),
]
"""`store/key`: one object."""
ObjectPrefix = Annotated[
    str,
    Field(pattern=rf"^{STORE_NAME}/(.+/)?$", max_length=1000, examples=["inbox/2026/"]),
    AfterValidator(_checked_prefix),
]
"""`store/` or `store/prefix/`: all objects below it."""
ObjectPlace = Annotated[
    str,
    Field(pattern=rf"^{STORE_NAME}/([^/].*)?$", max_length=1000, examples=["archive/2026/"]),
    AfterValidator(_checked_prefix),
]
"""`store/key`, or `store/` or `store/prefix/`: one object, or all below a prefix."""


def is_receipt(place: str) -> bool:
    """Whether an ObjectName or ObjectPlace is in the store that no client writes."""
    return place.partition("/")[0] == RECEIPTS


def is_prefix(place: str) -> bool:
    """Whether an ObjectPlace means all objects below it."""
    return place.endswith("/")
