"""What is done in child processes, well and badly; in a module of its own, because children find it by name."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel

from afterwork.errors import DuplicateJob, InputInvalid, JobError
from afterwork.sandbox import ask, report_progress, tell

MEBIBYTE = 2**20
LOOK = 0.01


class Person(BaseModel):
    """A model that crosses."""

    name: str
    born: date


@dataclass
class Pair:
    """A dataclass that crosses."""

    left: bytes
    right: float


def greet(person: Person, pairs: list[Pair], folder: Path) -> tuple[Person, list[Pair], Path]:
    return person, pairs, folder


def add(*numbers: int) -> int:
    return sum(numbers)


def describe_itself() -> dict[str, str]:
    """Its surroundings."""
    return dict(os.environ) | {"pid": str(os.getpid()), "cwd": str(Path.cwd()), "tmp": tempfile.gettempdir()}


def open_descriptors() -> dict[int, str]:
    """Number → what it is; standard input and output too."""
    folder = Path("/proc/self/fd")
    return {int(one.name): str(one.readlink()) for one in folder.iterdir() if one.is_symlink()}


def wait_for(path: Path, said: Path | None = None) -> int:
    """Say its process id, and come back when the file is there."""
    if said is not None:
        say(said, os.getpid())
    while not path.exists():
        time.sleep(LOOK)
    return os.getpid()


def nap(seconds: float) -> tuple[float, float]:
    """When it began and when it ended, by a clock that all processes share."""
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


def spin(said: Path) -> NoReturn:
    say(said, os.getpid())
    while True:
        """For ever."""


def say(path: Path, *numbers: int) -> None:
    """Write them so that who looks sees all or none."""
    part = path.with_suffix(".part")
    part.write_text(" ".join(map(str, numbers)))
    part.rename(path)


def eat(mebibytes: int) -> int:
    return len([bytearray(b"x" * MEBIBYTE) for _ in range(mebibytes)])


def eat_and_stay(mebibytes: int) -> None:
    """For longer than it takes to be noticed."""
    eaten = [bytearray(b"x" * MEBIBYTE) for _ in range(mebibytes)]
    time.sleep(60)
    os._exit(len(eaten))


def eat_at_once(mebibytes: int) -> int:
    return len(bytes(mebibytes * MEBIBYTE))


def eat_in_children(mebibytes: int, children: int) -> None:
    """Each its part."""
    for _ in range(children):
        if os.fork() == 0:
            eaten = [bytearray(b"x" * MEBIBYTE) for _ in range(mebibytes // children)]
            time.sleep(60)
            os._exit(len(eaten))
    time.sleep(60)


def share(mebibytes: int, children: int) -> int:
    """Much memory, but the same for all."""
    eaten = [bytearray(b"x" * MEBIBYTE) for _ in range(mebibytes)]
    pids = []
    for _ in range(children):
        pids.append(os.fork())
        if pids[-1] == 0:
            time.sleep(0.5)
            os._exit(0)
    return len(eaten) + sum(os.waitpid(pid, 0)[1] for pid in pids)


def leave_children(said: Path, how: str) -> None:
    """Two generations, the younger out of its session and out of sight; then end in this way."""
    program = (
        "import os, subprocess, sys, time\n"
        "own = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print(own.pid, flush=True)\n"
        "os._exit(0) if sys.argv[1] == 'orphan' else time.sleep(600)\n"
    )
    younger = []
    for kind in ("orphan", "stay"):
        parent = subprocess.Popen([sys.executable, "-c", program, kind], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        younger += [parent.pid, int(parent.stdout.readline())]
    say(said, os.getpid(), *younger)
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "wait":
        time.sleep(600)


def leave_thread_and_files() -> str:
    Path("left").mkdir()
    Path("left/file").write_text("x" * 1000)
    threading.Thread(target=time.sleep, args=[600]).start()
    return str(Path.cwd())


def bomb() -> None:
    """Forks as fast as it can, with a bottom so that a broken sandbox costs no machine."""
    end = time.monotonic() + 5
    forks = 0
    while time.monotonic() < end and forks < 300:
        forks += 1
        if os.fork() == 0:
            time.sleep(10)
            os._exit(0)
    time.sleep(10)


def report(times: int) -> int:
    for number in range(times):
        report_progress(number + 1, times, "on the way")
    return times


def talk(times: int) -> object:
    for number in range(times):
        tell({"number": number})
    return ask({"question": "how many?"})


def fail(text: str) -> None:
    raise LookupError(text)


def refuse(detail: str) -> None:
    raise InputInvalid(detail)


def refuse_with_more() -> None:
    raise DuplicateJob("17")


class Unprintable(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise ValueError("no")


class Unknown(JobError):
    """Is of nobody's tree."""


def raise_unprintable() -> None:
    raise Unprintable


def raise_unknown() -> None:
    raise Unknown("mine")


def raise_a_long_text() -> None:
    raise ValueError("x" * 10 * MEBIBYTE)


def exit_politely() -> None:
    sys.exit(3)


def exit_at_once(code: int) -> None:
    os._exit(code)


def kill_itself(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def crash() -> None:
    ctypes.string_at(0)


def recurse(depth: int = 0) -> int:
    return recurse(depth + 1) + 1


def close_everything() -> None:
    os.closerange(0, 100)
    time.sleep(60)


def write_garbage() -> None:
    for descriptor in (1, 2, 3):
        os.write(descriptor, b"\x00garbage" * 100)
    time.sleep(60)


def claim_a_huge_message() -> None:
    os.write(3, b"R\xff\xff\xff\xff")
    time.sleep(60)


def write_noise(mebibytes: int) -> str:
    for _ in range(mebibytes):
        os.write(1, b"x" * MEBIBYTE)
        time.sleep(LOOK)
    print("the last word", flush=True)
    return "done"


def ignore_signals(said: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    spin(said)


def return_much(mebibytes: int) -> str:
    return "x" * (mebibytes * MEBIBYTE)


def return_something_else() -> int:
    return object()  # type: ignore[return-value]


async def coroutine() -> None:
    """Nobody would await it."""
