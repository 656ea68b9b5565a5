"""Run one child process: ended with us, its output printed line by line, its readiness and its end reported."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from afterwork_up.output import Output
from afterwork_up.pipe import Pipe, lines

GUARD = Path(__file__).with_name("guard.py")
READY_FD = "AFTERWORK_READY_FD"
ALWAYS = {"PYTHONUNBUFFERED": "1"}  # a line is printed when it is written, not when a buffer is full
LINES_REMEMBERED = 20
LAST_WORDS = 1.0  # seconds to read what a dead child has left in its pipe


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, under which name.

    `environment` is added to the inherited one. `lock` names a file that the process keeps locked while it lives.
    `answers` returns the program's address once it is ready; without it, the program itself writes its address into
    the descriptor named in `AFTERWORK_READY_FD`. `descriptors` are open files that it inherits.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    lock: Path | None = None
    answers: Callable[[], Awaitable[str]] | None = None
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How one life of a child ended: exit code (negative: a signal), seconds lived, the last lines it printed."""

    code: int
    seconds: float
    last_lines: tuple[str, ...]

    @property
    def how(self) -> str:
        """The exit code in words."""
        if self.code >= 0:
            return f"exit code {self.code}"
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-self.code).name}"
        return f"killed by signal {-self.code}"


class Child:
    """One living process, leader of a session of its own, so that Ctrl-C reaches only us."""

    def __init__(self, program: Program, process: Process, said: Pipe, ready: Pipe) -> None:
        """Not called directly: see `start`."""
        self._program = program
        self._process = process
        self._said = said
        self._ready = ready
        self._started = time.monotonic()
        self._last_lines: deque[str] = deque(maxlen=LINES_REMEMBERED)

    @classmethod
    async def start(cls, program: Program) -> "Child":
        """Start the program (raises OSError); in the main thread, to whose life Linux binds that of the child."""
        said, ready = await Pipe.open(), await Pipe.open()
        try:
            process = await asyncio.create_subprocess_exec(
                *guarded(program),
                stdin=DEVNULL if sys.platform == "linux" else PIPE,
                stdout=said.writing,
                stderr=said.writing,
                cwd=program.directory,
                env={**os.environ, **ALWAYS, **program.environment, READY_FD: str(ready.writing)},
                pass_fds=(ready.writing, *program.descriptors),
                start_new_session=True,
            )
        except BaseException:
            said.close()
            ready.close()
            raise
        finally:
            said.handed_over()
            ready.handed_over()
        return cls(program, process, said, ready)

    async def address(self) -> str:
        """Wait until the program is ready; its address, or nothing if it closed the pipe without a word."""
        if self._program.answers:
            return await self._program.answers()
        return (await self._ready.reader.readline()).decode(errors="replace").strip()

    async def wait(self, output: Output) -> Ended:
        """Print what the child says until it ends, and end what it leaves behind in its process group."""
        printing = asyncio.create_task(self._print(output))
        code = await self._process.wait()
        seconds = time.monotonic() - self._started
        self.kill()
        await asyncio.wait({printing}, timeout=LAST_WORDS)
        printing.cancel()
        self._said.close()
        self._ready.close()
        return Ended(code, seconds, tuple(self._last_lines))

    def terminate(self) -> None:
        """Ask the child to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End the child and all of its process group at once."""
        # macOS says EPERM of a group of zombies
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _print(self, output: Output) -> None:
        async for line in lines(self._said.reader):
            self._last_lines.append(line)
            output.line(self._program.name, line)


def guarded(program: Program) -> list[str]:
    """The command that runs the program under the guard, which makes it end with this process."""
    # -I -S: the guard needs the standard library only, so it starts fast whatever site-packages hold
    guard = [sys.executable, "-I", "-S", str(GUARD), "--parent", str(os.getpid())]
    if sys.platform != "linux":
        guard += ["--watch"]
    if program.lock:
        guard += ["--lock", str(program.lock)]
    return [*guard, "--", *program.command]
