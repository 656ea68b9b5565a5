"""A path to the data directory that fits into the address of a socket and, unescaped, into a URL."""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 103 - len("/valkey.sock")  # sun_path of unix(7), less its NUL: 107 bytes on Linux, 103 on macOS
PLAIN = re.compile(r"[A-Za-z0-9/._~-]+")


@contextmanager
def short_path(directory: Path) -> Iterator[Path]:
    """Yield the absolute path of the directory, or of a symbolic link to it if that path would not do."""
    directory = directory.absolute()
    if len(os.fsencode(directory)) <= LONGEST and PLAIN.fullmatch(str(directory)):
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="afterwork-") as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # systemd-tmpfiles(8) does not age what is locked
        try:
            link = Path(folder) / "data"
            link.symlink_to(directory)
            yield link
        finally:
            os.close(descriptor)
