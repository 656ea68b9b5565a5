"""What the system says of a local store's files, in the words of the port."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from afterwork.errors import AfterworkError, InvalidKey, ObjectMissing, StoreFull, StoreUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BLOCKED = {errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EMLINK}


@contextmanager
def told(store: str, key: str, *, is_change: bool = False) -> Iterator[None]:
    """Translate what is raised inside. is_change: it is said of a key that is to be written."""
    try:
        yield
    except StoreUnavailable as error:
        raise StoreUnavailable(f"store {store}: {error.detail}") from error
    except OSError as error:
        raise _translated(error, store, key, is_change=is_change) from error


def _translated(error: OSError, store: str, key: str, *, is_change: bool) -> AfterworkError:
    if error.errno in _FULL:
        return StoreFull(f"store {store} has no room for {key}")
    if error.errno == errno.ENAMETOOLONG:
        return InvalidKey("a part of the key is longer than the file system of this store takes")
    if error.errno in _BLOCKED and is_change:
        return InvalidKey(f"nothing can be at {key} here: above it is an object, or a link")
    if error.errno == errno.ENOENT or error.errno in _BLOCKED:
        return ObjectMissing(f"there is no object {store}/{key}")
    return StoreUnavailable(f"store {store}: {error.strerror or type(error).__name__}")
