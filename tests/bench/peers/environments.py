"""The environment of each peer: made once from its pinned lock, outside the clone, and kept as long as the lock is."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LOCKS = Path(__file__).parent
NODE = LOCKS / "bullmq"
INSTALL_DEADLINE = 600.0
"""Seconds for one environment."""


class MissingError(Exception):
    """A peer cannot be installed here; the message says why."""


def python(lock: Path) -> list[str]:
    """How to call Python in the environment of this lock. Raises MissingError."""

    def install(folder: Path) -> None:
        uv = Path(sys.executable).parent / "uv"
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
        interpreter = folder / "bin" / "python"
        _run([uv, "pip", "install", "--quiet", "--require-hashes", "--python", interpreter, "-r", lock])

    return [str(_made(lock.stem, [lock.read_bytes(), sys.version.encode()], install) / "bin" / "python")]


def node() -> list[str]:
    """How to call BullMQ's program; a module finds its packages beside it, so it is copied. Raises MissingError."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise MissingError("Node with npm is not installed")
    sources = sorted(NODE.glob("*"))

    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        for source in sources:
            shutil.copy(source, folder)
        _run(["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    folder = _made("bullmq", [source.read_bytes() for source in sources], install)
    return ["node", str(folder / "program.mjs")]


def versions(lock: str) -> dict[str, str]:
    """Package → version, as they stand in `<lock>.txt`."""
    text = (LOCKS / f"{lock}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))


def cache() -> Path:
    """Where environments are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "afterwork-bench"


def _made(name: str, parts: list[bytes], install: Callable[[Path], None]) -> Path:
    """The folder, complete; an unfinished one is made anew."""
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
    folder = cache() / f"{name}-{digest}"
    complete = folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        install(folder)
        complete.touch()
    return folder


def _run(command: list[str | Path], folder: Path | None = None) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_DEADLINE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise MissingError(f"{command[0]} failed: {lines[-1] if lines else done.returncode}")
