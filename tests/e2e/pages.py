"""Pages of docs/ as scripts: their `sh` blocks, run one after another in one shell, and what they must print.

A block marked `output` tells what the `sh` block before it prints, among other things: each of its lines must occur,
in this order; `…` stands for anything within a line.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
TIME = 180.0
"""Seconds for one page."""


@dataclass(slots=True)
class Block:
    """A command or several, and the lines that it must print."""

    commands: str
    expected: list[str]


def blocks(page: str) -> list[Block]:
    """The page's `sh` blocks in their order."""
    found: list[Block] = []
    for language, text in FENCE.findall(page):
        if language == "sh":
            found.append(Block(text, []))
        elif language == "output":
            found[-1].expected += text.splitlines()
    return found


def run(page: list[Block], folder: Path, environment: dict[str, str]) -> list[str]:
    """What each block printed. Fails with the first block that ends with an error, as `bash -e` does."""
    with tempfile.TemporaryDirectory() as outputs:
        parts = [f"{{\n{block.commands}}} >{outputs}/{number} 2>&1\n" for number, block in enumerate(page)]
        shell = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail", "-c", "".join(parts)],
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            code = shell.wait(TIME)
        finally:
            _end_group(shell)
        printed = [_text(Path(outputs) / str(number)) for number in range(len(page))]
    if code:
        done = sum(bool(text) for text in printed)
        raise AssertionError(
            f"a block ended with {code}:\n{page[done - 1].commands}\nprinted:\n{printed[done - 1]}"
        )
    return printed


def missing(expected: list[str], printed: str) -> list[str]:
    """Expected lines that were not printed, or not in this order."""
    lines = iter(printed.splitlines())
    return [line for line in expected if not any(_fits(line.strip(), real.strip()) for real in lines)]


def command_line(folder: Path, name: str, code: str) -> None:
    """A command of our own for the page, on the PATH of the folder `bin`."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)


def _fits(pattern: str, line: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line))


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _end_group(shell: "subprocess.Popen[bytes]") -> None:
    """End what the page left running in the background."""
    try:
        os.killpg(shell.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    shell.wait()
