"""One directory for all temporary files of a process; what killed processes have left of theirs is removed."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR

PREFIX = "afterwork-"
LOCK = "lock"
NEWBORN = 60.0
"""Seconds for which a directory may be without its lock, because its process is about to take it."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Where `tempfile` puts everything from now on, removed in the end; locked for as long as this process lives.

    It lies below the directory that `TMPDIR` names, or the system's.
    """
    parent = Path(tempfile.gettempdir())
    sweep(parent)
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    earlier = tempfile.tempdir
    with (directory / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tempfile.tempdir = str(directory)
        try:
            yield directory
        finally:
            tempfile.tempdir = earlier
            shutil.rmtree(directory, ignore_errors=True)


def sweep(parent: Path, *, newborn: float = NEWBORN) -> None:
    """Remove the scratch directories of this user below `parent` whose processes have died.

    newborn: seconds for which one without a lock is left alone.
    """
    for path in parent.glob(f"{PREFIX}*"):
        try:
            if _is_abandoned(path, newborn):
                shutil.rmtree(path, ignore_errors=True)
        except OSError:  # somebody else has removed it, or it is not ours to look into
            continue


def _is_abandoned(path: Path, newborn: float) -> bool:
    found = path.lstat()
    if not S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or time.time() - found.st_mtime < newborn:
        return False
    descriptor = os.open(path / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
