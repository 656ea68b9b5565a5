"""Content of a local store that is complete and has no key yet."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from afterwork.stores.conditions import Condition
from afterwork.stores.local import changes
from afterwork.stores.local.faults import told
from afterwork.stores.local.keys import usable_key
from afterwork.stores.local.reading import LocalReader, Opened
from afterwork.stores.local.staging import Staged
from afterwork.stores.local.versions import described, version
from afterwork.stores.port import NOTHING_SAID, ObjectInfo, Traits
from afterwork.stores.ranges import Span
from afterwork.stores.threads import Threads
from afterwork.stores.traits import usable_traits


@dataclass(frozen=True, slots=True)
class LocalStaged:
    """A file that is complete and has no key yet."""

    _store: str
    _staged: Staged
    _status: os.stat_result
    _threads: Threads

    @property
    def size(self) -> int:
        """In bytes."""
        return self._status.st_size

    @asynccontextmanager
    async def read(self) -> AsyncIterator[LocalReader]:
        """Read the file itself: from the disk, where that is possible, not from the memory it was written through."""
        await self._threads.run(self._staged.forget)
        info = described("", self._status, NOTHING_SAID)
        file = Opened(info, version(self._status), self._staged.descriptor)
        yield LocalReader(self._store, file, Span(0, self.size), self._threads)

    async def publish(
        self,
        key: str,
        traits: Traits = NOTHING_SAID,
        *,
        if_match: str | None = None,
        if_absent: bool = False,
        sha256: str | None = None,  # noqa: ARG002 - it is this very file that is shown
    ) -> ObjectInfo:
        """Give the file its place."""
        usable_key(key)
        usable_traits(traits)
        condition = Condition(if_match, if_absent)
        with told(self._store, key, is_change=True):
            return await self._threads.run(changes.put, self._staged, key, traits, condition)
