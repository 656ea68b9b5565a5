"""Which keys a directory takes."""

from afterwork.errors import InvalidKey
from afterwork.stores import keys

LONGEST_NAME = 255
"""Bytes of one part of a key: the most that file systems have for a name."""


def usable_key(key: str) -> str:
    """The key itself. Raises InvalidKey for one that no store takes, or no directory."""
    if any(len(name.encode()) > LONGEST_NAME for name in keys.usable_key(key).split("/")):
        raise InvalidKey(f"a part of the key is longer than {LONGEST_NAME} bytes: too long for a directory")
    return key
