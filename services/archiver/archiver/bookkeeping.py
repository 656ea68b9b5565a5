"""Keeps what a job has done with, object by object, so that an attempt after a crash goes on from there."""

import time
from collections.abc import Callable

from afterwork.contracts.archiver import ManifestEntry
from afterwork.engine import Run
from afterwork.errors import StoreUnavailable
from archiver.checkpoint import Checkpoint
from archiver.manifest import Manifest
from archiver.one_object import Outcome

PART = 500
"""Objects after which it is kept."""
PART_SECONDS = 10.0
"""Seconds after which it is kept anyway, with the next object that is done with."""
GIVE_UP = 8
"""Objects in a row whose store cannot be reached, after which it is not the objects' fault."""


class Bookkeeping:
    """Of one attempt. so_far: what all attempts have done with. clock: seconds that only go forward.

    What is not kept yet is lost with the process; then the objects are found in place, and told of again.
    """

    def __init__(self, run: Run, manifest: Manifest, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._manifest = manifest
        self._clock = clock
        self._counted_at = self._kept_at = clock()
        self._entries: list[ManifestEntry] = []
        self._unreachable: list[tuple[str, Outcome]] = []
        self.so_far = Checkpoint.model_validate(run.checkpointed or {})

    @property
    def entries(self) -> list[ManifestEntry]:
        """Those that are in no part of the manifest yet."""
        return self._entries

    async def take(self, key: str, outcome: Outcome) -> None:
        """The next object, in the order of the keys. Raises StoreUnavailable when it is time to give up."""
        if isinstance(outcome.fault, StoreUnavailable):
            self._unreachable.append((key, outcome))
            if len(self._unreachable) == GIVE_UP:
                raise outcome.fault
            return
        self.take_unreachable()
        self._add(key, outcome)
        if len(self._entries) >= PART or self._clock() - self._kept_at >= PART_SECONDS:
            await self._keep_part()

    def take_unreachable(self) -> None:
        """Objects whose store could not be reached have failed, because others could be reached after them."""
        for key, outcome in self._unreachable:
            self._add(key, outcome)
        self._unreachable = []

    async def complete(self) -> None:
        """The manifest is written."""
        await self._keep(self._counted().model_copy(update={"is_complete": True}))

    async def begin_again(self) -> None:
        """The next attempt looks at all objects again: those that are in place cost it a look each."""
        await self._keep(Checkpoint(seconds=self._counted().seconds))

    def seconds(self) -> float:
        """Spent so far, in all attempts that came to tell."""
        return self._counted().seconds

    def _add(self, key: str, outcome: Outcome) -> None:
        self._entries.append(outcome.entry)
        self.so_far = self.so_far.with_outcome(key, outcome)

    async def _keep_part(self) -> None:
        await self._manifest.write_part(self.so_far.parts, self._entries)
        await self._keep(self._counted().model_copy(update={"parts": self.so_far.parts + 1}))
        self._entries = []
        self._kept_at = self._clock()

    async def _keep(self, checkpoint: Checkpoint) -> None:
        await self._run.checkpoint(checkpoint)
        self.so_far = checkpoint

    def _counted(self) -> Checkpoint:
        now = self._clock()
        self.so_far = self.so_far.model_copy(update={"seconds": self.so_far.seconds + now - self._counted_at})
        self._counted_at = now
        return self.so_far
