"""The CPU that processes have used, to the nanosecond, as Linux's scheduler counts it."""

from pathlib import Path

import psutil


def seconds(pid: int) -> float:
    """Of the process, all its threads, and the processes that it started."""
    tree = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return sum(_nanoseconds(one) for one in tree) / 1e9


def _nanoseconds(pid: int) -> int:
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has just ended
    return total
