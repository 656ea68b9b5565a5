"""Starts a worker's process again whenever its code changes: for development."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

import structlog

LOOK = 0.5
"""Seconds between two looks at the files."""

logger = structlog.get_logger()


def run_again_on_changes(directory: str, arguments: Sequence[str]) -> int:
    """Run `afterwork worker` with these arguments until a signal; returns the exit code of the last one.

    A worker that has ended by itself, because of an error in the code, say, is started again at the next change.
    """
    watched = Path(directory)
    command = [sys.executable, "-m", "afterwork.arq", *arguments]
    is_over = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_over
        is_over = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    while True:
        seen = _seen(watched)
        process = subprocess.Popen(command)  # noqa: S603 - our own program
        while not is_over and _seen(watched) == seen:
            time.sleep(LOOK)
        if process.poll() is None:
            process.terminate()
        code = process.wait()
        if is_over:
            return code
        logger.info("files have changed, starting the worker again", directory=directory)


def _seen(directory: Path) -> Mapping[Path, int]:
    """When each Python file was changed last."""
    seen = {}
    for path in directory.rglob("*.py"):
        try:
            seen[path] = path.stat().st_mtime_ns
        except FileNotFoundError:
            continue
    return seen
