"""The directory that holds all data: private, and used by one `afterwork up` at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from afterwork_up.refusal import Refusal

LOCK = "lock"
PRIVATE = 0o700


@contextmanager
def locked(directory: Path) -> Iterator[bool]:
    """Make the directory if need be, and hold its lock; yields whether its last user was killed.

    The kernel gives the lock back whatever ends this process. The file holds the user's process id meanwhile, and
    is emptied at an orderly end.
    """
    try:
        make_private(directory)
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"cannot use {directory} as data directory: {error.strerror}"
        raise Refusal(message) from error
    try:
        earlier = os.read(descriptor, 20).decode(errors="replace").strip()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another `afterwork up` (pid {earlier or 'unknown'}) is using {directory}"
            raise Refusal(message) from None
        write(descriptor, str(os.getpid()))
        try:
            yield bool(earlier)
        finally:
            write(descriptor, "")
    finally:
        os.close(descriptor)


def make_private(directory: Path) -> None:
    """Give only the owner access; but a directory that others may use for other things is left alone."""
    directory.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    if directory.stat().st_mode & 0o777 == PRIVATE:
        return
    if any(directory.iterdir()) and not (directory / LOCK).exists():
        message = f"{directory} is open to others and holds other things: name a directory of its own"
        raise Refusal(message)
    directory.chmod(PRIVATE)


def write(descriptor: int, text: str) -> None:
    """Replace the content of an open file, if the disk has room for it: the lock holds without it."""
    os.ftruncate(descriptor, 0)
    with suppress(OSError):
        os.pwrite(descriptor, text.encode(), 0)
