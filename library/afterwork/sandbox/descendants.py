"""The processes below a process: which they are, how much memory they take, and their end."""

import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress

import psutil

Children = Mapping[int, list[int]]
"""Process id → ids of its children."""


def all_children() -> Children:
    """Of all processes that there are."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        children[process.info["ppid"]].append(process.pid)
    return children


def below(roots: Iterable[int], children: Children) -> list[int]:
    """The processes themselves and all below them."""
    found: list[int] = []
    pending = list(roots)
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending += children.get(pid, [])
    return found


def memory_of(pids: Iterable[int], limit: int) -> int:
    """Bytes that the processes take together, exact only beyond the limit.

    What they share with each other and with their fork server counts in full at first, which is quick to find out
    (RSS); only if that is too much, by its share (PSS).
    """
    processes = list(pids)
    quick = sum(_resident(pid) for pid in processes)
    return quick if quick <= limit else sum(_proportional(pid) for pid in processes)


def kill(pids: Iterable[int]) -> None:
    """At once, whatever they do. Stopped first, so that none of them can make new ones meanwhile."""
    processes = list(pids)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in processes:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(pid: int) -> int:
    try:
        memory = psutil.Process(pid).memory_full_info()
    except psutil.Error:
        return _resident(pid)
    return int(getattr(memory, "pss", memory.rss))
