"""The guard as the process that it is, in the way of Linux and in the way of other systems."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from afterwork_up import guard

SLEEPER = (sys.executable, "-I", "-S", "-c", "import time; print('sleeping', flush=True); time.sleep(600)")
HOW = pytest.mark.parametrize("how", [[], ["--watch"]], ids=["by-the-kernel", "by-watching"])


def command(parent: int, *options: str, program: Sequence[str] = SLEEPER) -> list[str]:
    return [sys.executable, "-I", "-S", guard.__file__, "--parent", str(parent), *options, "--", *program]


def parent_of(*options: str) -> subprocess.Popen[str]:
    """A process that starts a guarded sleeper, says its pid, and waits."""
    code = (
        "import os, subprocess, sys, time\n"
        "words = [word.replace('PARENT', str(os.getpid())) for word in sys.argv[1:]]\n"
        "child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(600)"
    )
    words = [word if word != "0" else "PARENT" for word in command(0, *options)]
    return subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True)


@HOW
def test_the_program_ends_when_its_parent_is_killed(how: list[str]) -> None:
    # given a guarded program and whatever stands between it and its parent
    with parent_of(*how) as parent:
        assert parent.stdout
        first = psutil.Process(int(parent.stdout.readline()))
        family = [first, *first.children(recursive=True)]

        # when the parent is killed
        parent.kill()

    # then all of them end by themselves
    assert psutil.wait_procs(family, timeout=20)[1] == []


def test_a_program_whose_parent_is_dead_already_is_not_started() -> None:
    done = subprocess.run(command(os.getppid()), capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 0
    assert done.stdout == ""


@HOW
def test_the_exit_code_of_the_program_comes_through(how: list[str]) -> None:
    program = (sys.executable, "-c", "raise SystemExit(7)")

    with subprocess.Popen(command(os.getpid(), *how, program=program), stdin=subprocess.PIPE) as process:
        assert process.wait(20) == 7


@HOW
def test_sigterm_reaches_the_program(how: list[str]) -> None:
    words = command(os.getpid(), *how)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        family = psutil.Process(process.pid).children(recursive=True)

        process.terminate()

        assert process.wait(20) in {-15, 128 + 15}
    assert psutil.wait_procs(family, timeout=20)[1] == []


def test_a_program_that_is_not_there_is_named() -> None:
    words = command(os.getpid(), program=("/nowhere/valkey-server",))

    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)

    assert done.returncode == 127
    assert done.stderr == "cannot run /nowhere/valkey-server: No such file or directory\n"


@HOW
def test_the_program_holds_the_lock_as_long_as_it_lives(tmp_path: Path, how: list[str]) -> None:
    # given a guarded program with a lock
    path = tmp_path / "valkey.lock"
    path.touch()
    words = command(os.getpid(), *how, "--lock", str(path))
    with (
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
        path.open() as file,
    ):
        assert process.stdout
        process.stdout.readline()

        # when another one tries, then it is refused
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

        # and when the program has ended, it is not
        process.terminate()
        process.wait(20)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_program_waits_for_the_lock_of_an_earlier_one(tmp_path: Path) -> None:
    # given a lock that somebody holds, and a program that needs it
    path = tmp_path / "valkey.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        words = command(os.getpid(), "--lock", str(path))
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    # when it is given back (the file is closed), then the program starts
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"sleeping\n"
        process.kill()
