"""Wait while the disk is full: Valkey ends rather than accept a job that it cannot write down."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from afterwork_up.child import Ended

MIB = 1024 * 1024
ROOM = 32 * MIB
LOOK_EVERY = 1.0
TELLTALES = ("No space left", "Disk quota exceeded", "Short write while writing to the AOF")


class Disk:
    """The file system under the data directory."""

    def __init__(
        self,
        directory: Path,
        say: Callable[[str], None],
        *,
        room: int = ROOM,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`room` is how many bytes must be free before Valkey is tried again."""
        self._directory = directory
        self._say = say
        self._room = room
        self._sleep = sleep

    async def wait_for_room(self, ended: Ended) -> bool:
        """After Valkey's end: if that was for want of room, say so, and return True as soon as there is room."""
        try:
            free = self._free()
        except OSError:  # the directory itself is gone: another fault than want of room
            return False
        if free >= self._room and not wrote_in_vain(ended.last_lines):
            return False
        self._say(
            f"the disk under {self._directory} is full ({free // MIB} MiB free): accepted jobs are safe, "
            "nothing new is accepted until there is room"
        )
        # room may have come since, and a quota is not seen from here: then one more try is the only way to know
        await self._sleep(LOOK_EVERY)
        while (free := self._free()) < self._room:
            await self._sleep(LOOK_EVERY)
        self._say(f"there is room under {self._directory} again ({free // MIB} MiB free): going on")
        return True

    def _free(self) -> int:
        return shutil.disk_usage(self._directory).free


def wrote_in_vain(last_lines: Sequence[str]) -> bool:
    """Whether the log of Valkey or Redis says that the append-only file could not be written."""
    return any(telltale in line for line in last_lines for telltale in TELLTALES)
