"""Goes down from a store's directory step by step, and through no symbolic link, so that nothing leads out of it."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from afterwork.errors import StoreUnavailable

_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _ROOT | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not wait for its writer


@contextmanager
def folder(root: Path, names: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """A descriptor of the folder below `root`. Raises OSError where there is none, or something else."""
    here = _opened_root(root)
    try:
        for name in names:
            below = _entered(here, name, create=create)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def opened(here: int, name: str) -> int:
    """A descriptor for reading the plain file of this name. Raises FileNotFoundError also for what is no such file."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=here)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO, errno.EMLINK}:  # a link, a socket, a link on BSD
            raise FileNotFoundError(errno.ENOENT, "no plain file") from error
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, "no plain file")


def what_is_at(here: int, name: str) -> os.stat_result | None:
    """What has this name, links not followed; None if nothing has."""
    try:
        return os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return None


def remove_empty(root: Path, names: Sequence[str]) -> None:
    """Remove this folder and those above it, as far as they are empty; never `root`."""
    for depth in range(len(names), 0, -1):
        try:
            with folder(root, names[: depth - 1]) as here:
                os.rmdir(names[depth - 1], dir_fd=here)
        except OSError:
            return


def remove_hollow(here: int, name: str) -> None:
    """Remove a folder that holds nothing but empty folders, as a writer leaves it that died in between."""
    with suppress(OSError):
        for _, folders, _, above in os.fwalk(name, topdown=False, dir_fd=here):
            for below in folders:
                with suppress(OSError):
                    os.rmdir(below, dir_fd=above)
        os.rmdir(name, dir_fd=here)


def _opened_root(root: Path) -> int:
    try:
        return os.open(root, _ROOT)
    except OSError as error:
        raise StoreUnavailable(f"its directory cannot be opened: {error.strerror}") from error


def _entered(here: int, name: str, *, create: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=here)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=here)
        os.fsync(here)
    return os.open(name, _FOLDER, dir_fd=here)
