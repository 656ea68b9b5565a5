"""Reads objects of a local store, each as it was when it was opened."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from afterwork.errors import ObjectConflict
from afterwork.stores.local.faults import told
from afterwork.stores.local.folders import folder, opened, what_is_at
from afterwork.stores.local.sidecars import traits_of
from afterwork.stores.local.versions import described, version
from afterwork.stores.port import ObjectInfo
from afterwork.stores.ranges import Span
from afterwork.stores.threads import Threads

CHUNK = 1024 * 1024
"""Bytes that are read at a time."""
_TRIES = 10
"""How often an object may be replaced between its opening and that of what is said of it."""


@dataclass(slots=True)
class Opened:
    """A file that is open. version: of its content when it was opened."""

    info: ObjectInfo
    version: str
    descriptor: int

    def close(self) -> None:
        """Close it, once."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@dataclass(frozen=True, slots=True)
class LocalReader:
    """A local object being read."""

    _store: str
    _opened: Opened
    _span: Span
    _threads: Threads

    @property
    def info(self) -> ObjectInfo:
        """The object as a whole."""
        return self._opened.info

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes asked for. Raises ObjectConflict if the file is written to meanwhile."""
        at, end = self._span.start, self._span.end
        while at < end:
            with told(self._store, self.info.key):
                size = min(CHUNK, end - at)
                piece = await self._threads.run(os.pread, self._opened.descriptor, size, at)
            at += len(piece)
            if not piece or at == end:
                self._check(is_short=at < end)
            yield piece

    def _check(self, *, is_short: bool) -> None:
        if is_short or version(os.fstat(self._opened.descriptor)) != self._opened.version:
            raise ObjectConflict(f"{self.info.key} was changed while it was read")


def open_object(root: Path, key: str) -> Opened:
    """Open the object, and read what is said of this content."""
    for tries_left in reversed(range(_TRIES)):
        found, is_current = _open(root, key)
        if is_current or not tries_left:
            break
        found.close()
    return found


def stat_object(root: Path, key: str) -> ObjectInfo:
    """What is known of the object."""
    found = open_object(root, key)
    found.close()
    return found.info


def _open(root: Path, key: str) -> tuple[Opened, bool]:
    """The object, and whether it was there still when its traits were read: a new content drops the old one's."""
    *folders, name = key.split("/")
    with folder(root, folders) as here:
        descriptor = opened(here, name)
        try:
            status = os.fstat(descriptor)
            traits = traits_of(root, key, version(status))
            now = what_is_at(here, name)
        except BaseException:
            os.close(descriptor)
            raise
    return Opened(described(key, status, traits), version(status), descriptor), (
        now is not None and os.path.samestat(now, status)
    )
