"""Finds the objects of a local store in the order of their keys."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from afterwork.contracts.objects import RESERVED, checked_key
from afterwork.stores.local.folders import folder, what_is_at
from afterwork.stores.local.sidecars import traits_of
from afterwork.stores.local.versions import described, version
from afterwork.stores.port import ObjectInfo


def walk(root: Path, prefix: str, after: str) -> Iterator[ObjectInfo]:
    """All objects whose keys begin with `prefix` and come after `after`."""
    yield from _below(root, prefix[: prefix.rfind("/") + 1], prefix, after)


def _below(root: Path, path: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
    for key in _sorted(root, path):
        if not (key.startswith(prefix) or (key.endswith("/") and prefix.startswith(key))):
            continue
        if key.endswith("/"):
            if key > after or after.startswith(key):
                yield from _below(root, key, prefix, after)
        elif key > after:
            found = _described(root, key)
            if found is not None:
                yield found


def _sorted(root: Path, path: str) -> list[str]:
    """What is in the folder: keys of files, and folders with a slash at their end, which sorts them as their keys."""
    names = path.split("/")[:-1]
    try:
        with folder(root, names) as here, os.scandir(here) as entries:
            found = [path + entry.name + "/" * entry.is_dir(follow_symlinks=False) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(key for key in found if _can_be(key))


def _can_be(key: str) -> bool:
    with suppress(ValueError):
        return checked_key(key.removesuffix("/")).casefold() != RESERVED
    return False


def _described(root: Path, key: str) -> ObjectInfo | None:
    *folders, name = key.split("/")
    with suppress(FileNotFoundError, NotADirectoryError), folder(root, folders) as here:
        status = what_is_at(here, name)
        if status is not None and stat.S_ISREG(status.st_mode):
            return described(key, status, traits_of(root, key, version(status)))
    return None
