"""Start one program so that it ends when its parent does, however the parent ends; a script that needs no other file.

    python -I -S guard.py --parent PID [--lock FILE] [--watch] -- PROGRAM ARGUMENT…

On Linux the kernel does it (`PR_SET_PDEATHSIG`) and the guard becomes the program by `exec`. Elsewhere (`--watch`) the
guard stays, watches a pipe on its standard input that only the parent holds open, and ends the program when it closes.
"""

import argparse
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOCK_PATIENCE = 20.0
LOCK_POLL = 0.05
EX_OSERR = 71  # sysexits.h: the system refused
EX_TEMPFAIL = 75  # sysexits.h: try again later
EX_NOT_FOUND = 127  # what a shell says of a program that is not there


def main(arguments: Sequence[str]) -> NoReturn:
    """Take the lock, bind this process to its parent, become (or watch) the program."""
    parser = argparse.ArgumentParser(prog="guard")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--lock")
    parser.add_argument("--watch", action="store_true")
    parser.add_argument("program", nargs="+")
    asked = parser.parse_args(arguments)
    if not asked.watch:
        end_with_parent(asked.parent)
    if asked.lock:
        hold(asked.lock)
    if asked.watch:
        sys.exit(watch(asked.program))
    try:
        os.execvp(asked.program[0], asked.program)  # noqa: S606  (becoming the program is the purpose)
    except OSError as error:
        refuse(EX_NOT_FOUND, f"cannot run {asked.program[0]}: {error.strerror}")


def end_with_parent(parent: int) -> None:
    """Ask Linux for a SIGTERM when the parent dies, and leave at once if it died before we could ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        refuse(EX_OSERR, f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit(0)


def hold(path: str) -> None:
    """Hold the lock on a descriptor that stays open through `exec`: it is free again when the last holder has ended."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(descriptor, True)  # noqa: FBT003  (the signature is Python's)
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                refuse(EX_TEMPFAIL, f"an earlier process still holds {path}")
            time.sleep(LOCK_POLL)
        else:
            return


def watch(program: Sequence[str]) -> int:
    """Run the program as a child; pass on SIGTERM, and send it when standard input ends. Returns its exit code."""
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL, close_fds=False)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())

    def end_at_eof() -> None:
        while os.read(0, 1024):
            pass
        child.terminate()

    threading.Thread(target=end_at_eof, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def refuse(code: int, reason: str) -> NoReturn:
    """Say why the program cannot be started, and end."""
    sys.stderr.write(f"{reason}\n")
    sys.stderr.flush()
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
