"""Clocks that a test sets: of a server while it runs, and of the processes that a test starts (libfaketime)."""

import atexit
import re
from functools import cache
from pathlib import Path

import pytest

from tests.servers import RedisServer, valkey_binary


@cache
def library() -> Path | None:
    """Where Debian's package `faketime` has put its library, or None."""
    atexit.register(_tidy_up)
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def wrong_clock(seconds: int) -> dict[str, str]:
    """Variables under which a process believes that it is so much later; time still passes as it does.

    `time.sleep` does not work there. Skips the test if there is no libfaketime.
    """
    found = library()
    if found is None:
        pytest.skip("libfaketime is not installed")
    return {"LD_PRELOAD": str(found), "FAKETIME": f"{seconds:+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class JumpingServer(RedisServer):
    """A Valkey whose clock can be set while it runs. Debian's redis-server does not run under libfaketime."""

    def __init__(self, **options: str) -> None:
        super().__init__(valkey_binary(), **options)
        self._offset = self.directory / "offset"
        variables = wrong_clock(0)
        del variables["FAKETIME"]
        self.environment = {
            **variables,
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
        }
        self.set_clock(0)

    def set_clock(self, seconds: int) -> None:
        """Let the clock show so much more than the right time, from now on."""
        fresh = self._offset.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._offset)


def _tidy_up() -> None:
    """Remove what the library leaves in shared memory of processes that were killed."""
    for trace in Path("/dev/shm").glob("*faketime_*"):
        pid = re.search(r"_([0-9]+)$", trace.name)
        if pid and not Path("/proc", pid[1]).exists():
            trace.unlink(missing_ok=True)
