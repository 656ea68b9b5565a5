"""What only Linux can do for processes that are to vanish together; elsewhere each of these does nothing."""

import ctypes
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def be_told_of_parents_death(number: signal.Signals) -> None:
    """The kernel sends this process the signal when the thread that has started it ends (prctl(2))."""
    _prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Descendants whose parents end become children of this process, and none can get out of sight (prctl(2))."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def offer_to_oom_killer() -> None:
    """If memory runs out, the kernel is to take this process before a worker or a database (proc(5))."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
