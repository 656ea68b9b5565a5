"""Ways in which an isolated handler can work, and misbehave, in its child process; by name."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from afterwork.engine import Fail, IsolatedRun, Snooze

Isolated = Callable[[IsolatedRun, Path], object]
ISOLATED: dict[str, Isolated] = {}
LOOK = 0.02


def manner(function: Isolated) -> Isolated:
    """Decorator: the function is found by its name."""
    ISOLATED[function.__name__] = function
    return function


@manner
def says_its_process(_: IsolatedRun, __: Path) -> object:
    return os.getpid()


@manner
def waits_for_the_file(run: IsolatedRun, until: Path) -> object:
    """Says its process as a line of its log."""
    run.logger.info("here I am", pid=os.getpid())
    while not until.exists():
        time.sleep(LOOK)
    return os.getpid()


@manner
def spins(run: IsolatedRun, _: Path) -> object:
    """With a child that has a session of its own, and one that lost its parent."""
    program = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "own = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)\n"
        "print(own.pid, flush=True)"
    )
    orphan = int(subprocess.check_output([sys.executable, "-c", program]))
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    run.logger.info("here we are", pids=f"{os.getpid()} {orphan} {other.pid}")
    while True:
        """For ever."""


@manner
def eats_memory(_: IsolatedRun, __: Path) -> object:
    return len([bytearray(b"x" * 2**20) for _ in range(4000)])


@manner
def kills_itself_once(run: IsolatedRun, _: Path) -> object:
    if run.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return run.attempt


@manner
def resumes(run: IsolatedRun, _: Path) -> object:
    """Leaves a checkpoint and dies, and finds it in the next attempt."""
    run.progress(41, 100, "rows")
    if run.checkpointed is None:
        run.checkpoint({"row": 41})
        os._exit(1)
    return run.checkpointed


@manner
def gives_up(_: IsolatedRun, __: Path) -> object:
    raise Fail("there is no such file")


@manner
def snoozes_once(run: IsolatedRun, until: Path) -> object:
    if until.exists():
        return run.attempt
    until.touch()
    raise Snooze(0.1)


@manner
def raises_an_exception(run: IsolatedRun, _: Path) -> object:
    raise ValueError(f"attempt {run.attempt}")


@manner
def calls_sys_exit(_: IsolatedRun, __: Path) -> object:
    raise SystemExit(3)


@manner
def raises_keyboard_interrupt(_: IsolatedRun, __: Path) -> object:
    raise KeyboardInterrupt


@manner
def exits_at_once(_: IsolatedRun, __: Path) -> object:
    os._exit(3)


@manner
def prints_to_its_connection(_: IsolatedRun, __: Path) -> object:
    os.write(3, b"\xff" * 10_000)
    return "written"


@manner
def logs_without_a_pause(run: IsolatedRun, _: Path) -> object:
    end, lines = time.monotonic() + 2, 0
    while time.monotonic() < end:
        lines += 1
        run.logger.info("still here", number=lines)
        run.progress(lines)
    return lines
