"""Content on its way into a local store: a file that nobody sees yet, and that goes if its writer dies."""

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from afterwork.contracts.objects import RESERVED
from afterwork.stores.local.folders import folder, opened, what_is_at

STAGING = (RESERVED, "writing")
LEFT_BEHIND = 900.0
"""Seconds without a byte after which the file of a writer that is dead is removed."""


@dataclass(slots=True)
class Staged:
    """A file being written. Its writer holds a lock on it, which the system takes away when the writer dies."""

    root: Path
    name: str
    descriptor: int
    is_there: bool = True

    def write(self, content: bytes | memoryview) -> None:
        """Add to it."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]

    def finish(self) -> os.stat_result:
        """Have it on the disk, with a time of modification that no other content has."""
        now = time.time_ns()  # the file system's own is as coarse as the kernel's tick
        os.utime(self.descriptor, ns=(now, now))
        os.fsync(self.descriptor)
        return os.fstat(self.descriptor)

    def forget(self) -> None:
        """Have what is read next come from the disk, where it has to be by now; macOS knows no such call."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def move(self, here: int, name: str) -> os.stat_result:
        """Give it its place, over what is there."""
        with folder(self.root, STAGING) as staging:
            os.rename(self.name, name, src_dir_fd=staging, dst_dir_fd=here)
        self.is_there = False
        os.fsync(here)
        return os.fstat(self.descriptor)

    def discard(self) -> None:
        """Close it, and remove it if it has no place."""
        if self.is_there:
            self.is_there = False
            with suppress(OSError), folder(self.root, STAGING) as staging:
                os.unlink(self.name, dir_fd=staging)
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def stage(root: Path) -> Staged:
    """A new file to write to."""
    name = uuid4().hex
    with folder(root, STAGING, create=True) as staging:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o666, dir_fd=staging)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return Staged(root, name, descriptor)


def sweep(root: Path, *, now: float) -> None:
    """Remove what dead writers have left. now: the time as the file system has it, in seconds."""
    try:
        with folder(root, STAGING) as staging, os.scandir(staging) as entries:
            for name in [entry.name for entry in entries]:
                with suppress(OSError):
                    _remove_if_left(staging, name, now - LEFT_BEHIND)
    except (FileNotFoundError, NotADirectoryError):
        return


def _remove_if_left(staging: int, name: str, before: float) -> None:
    status = what_is_at(staging, name)
    if status is None or status.st_mtime > before:
        return
    descriptor = opened(staging, name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its writer lives
        os.unlink(name, dir_fd=staging)
    finally:
        os.close(descriptor)
