"""Which keys a store takes."""

from afterwork.contracts.objects import checked_key
from afterwork.errors import InvalidKey


def usable_key(key: str) -> str:
    """The key itself. Raises InvalidKey, saying why, for one that cannot be."""
    try:
        return checked_key(key)
    except ValueError as fault:
        raise InvalidKey(str(fault)) from fault


def is_key(key: str) -> bool:
    """Whether an object of this key can be asked for."""
    try:
        checked_key(key)
    except ValueError:
        return False
    return True


def usable_prefix(prefix: str) -> str:
    """What keys may begin with, whether or not it ends at a slash. Raises InvalidKey if no key begins so."""
    if not is_key(prefix):
        usable_key(f"{prefix}x")
    return prefix
