"""The fork server: forks a process for each call and lets nothing survive it. `python -m afterwork.sandbox.server`.

It loads the modules once, so that a new process costs a fork instead of an import, and does nothing else, so that it
is always there to end what has to be ended: at a limit, by order, and when its worker is gone.
"""

import gc
import importlib
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import warnings
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Literal

import psutil

from afterwork.sandbox import child, descendants, linux
from afterwork.sandbox.failures import describe
from afterwork.sandbox.orders import ORDER, Ended, Kill, Lines, Ready, Report, Start, Unfit, line_of

LOOK = 0.05
"""Seconds between two looks at the processes, at least."""
SHARE = 0.1
"""The part of the time that looks may take, at most."""
SWEEP = 0.005
"""Seconds between two looks for what the dead have left behind."""
PATIENCE = 2.0
"""Seconds for which an end is not reported, because something that was killed is still there."""
MAX_OUTPUT = 2**20
KEPT_OUTPUT = 2**13


@dataclass(slots=True)
class Running:
    """A call's process. output: descriptor of the file that it writes to."""

    start: Start
    output: int
    excess: Literal["memory", "processes"] | None = None


@dataclass(slots=True)
class Graves:
    """Ends that are not reported yet, because their processes may have left others behind."""

    ends: list[Ended] = field(default_factory=list)
    since: float = 0.0


class Server:
    """One worker's. control: the connection to it. modules: whose functions may be called."""

    def __init__(self, control: socket.socket, modules: Sequence[str]) -> None:
        self._control = control
        self._modules = frozenset(modules)
        self._running: dict[int, Running] = {}
        self._graves = Graves()
        self._lines = Lines()
        self._descriptors: deque[int] = deque()
        self._is_wanted = True
        self._look_at = 0.0
        self._wakeup, self._woken = socket.socketpair()
        for end in (self._wakeup, self._woken):
            end.setblocking(False)  # noqa: FBT003 - its only way
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._obey)
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._wake)

    def run(self) -> None:
        """Serve until the worker is gone, then end everything."""
        for number in (signal.SIGCHLD, signal.SIGTERM):  # nothing is ended but by the worker, or its end
            signal.signal(number, _only_wake)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        while self._is_wanted or self._running or self._graves.ends:
            for key, _ in self._selector.select(self._pause()):
                key.data()
            if not self._is_wanted:
                descendants.kill(self._running)
            self._reap()
            self._look()
            self._bury()

    def _pause(self) -> float | None:
        if self._graves.ends:
            return SWEEP
        return max(0.0, self._look_at - time.monotonic()) if self._running else None

    def _wake(self) -> None:
        self._wakeup.recv(4096)

    def _obey(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65536, 64)
        except ConnectionError:
            data, descriptors = b"", []
        if not data:
            self._is_wanted = False
            self._selector.unregister(self._control)
        self._descriptors.extend(descriptors)
        for line in self._lines.add(data):
            match ORDER.validate_json(line):
                case Start() as start:
                    self._fork(start)
                case Kill(id=number):
                    descendants.kill(
                        pid for pid, running in self._running.items() if running.start.id == number
                    )

    def _fork(self, start: Start) -> None:
        talk, output = self._descriptors.popleft(), self._descriptors.popleft()
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:  # no more processes, or no memory for one
            os.write(output, f"there is no process to be had: {error}\n".encode())
            self._send(Ended(id=start.id, status=None))
            os.close(output)
        else:
            if pid == 0:
                self._selector.close()
                child.live(child.Birth(start, (talk, output), self._own_descriptors(), server, self._modules))
            self._running[pid] = Running(start, output)
        finally:
            os.close(talk)

    def _own_descriptors(self) -> list[int]:
        outputs = [running.output for running in self._running.values()]
        own = [one.fileno() for one in (self._control, self._wakeup, self._woken)]
        return [*own, *outputs, *self._descriptors]

    def _reap(self) -> None:
        """Of adopted orphans too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if running := self._running.pop(pid, None):
                self._mourn(running, status)

    def _mourn(self, running: Running, status: int) -> None:
        os.close(running.output)
        end = Ended(id=running.start.id, status=status, excess=running.excess)
        if os.waitstatus_to_exitcode(status) == child.CLEAN and not self._graves.ends:
            self._send(end)
        else:
            self._graves.since = self._graves.since if self._graves.ends else time.monotonic()
            self._graves.ends.append(end)

    def _bury(self) -> None:
        """Kill what the dead have left behind; report their ends when nothing is left."""
        if not self._graves.ends:
            return
        children = descendants.all_children()
        orphans = [pid for pid in children.get(os.getpid(), []) if pid not in self._running]
        if orphans:
            descendants.kill(descendants.below(orphans, children))
            if time.monotonic() < self._graves.since + PATIENCE:
                return
        for end in self._graves.ends:
            self._send(end)
        self._graves.ends.clear()

    def _look(self) -> None:
        """Whether everything is within its limits, as often as this is cheap."""
        began = time.monotonic()
        if not self._running or began < self._look_at:
            return
        children = descendants.all_children()
        for pid, running in self._running.items():
            self._check(running, descendants.below([pid], children))
        took = time.monotonic() - began
        self._look_at = began + max(LOOK, took / SHARE)

    def _check(self, running: Running, pids: list[int]) -> None:
        start = running.start
        if len(pids) > start.processes:
            running.excess = "processes"
        elif descendants.memory_of(pids, start.memory) > start.memory:
            running.excess = "memory"
        if running.excess is not None:
            descendants.kill(pids)
        _keep_short(running.output)

    def _send(self, report: Report) -> None:
        try:
            self._control.sendall(line_of(report))
        except OSError:
            self._is_wanted = False


def main(descriptor: str, directory: str, *modules: str) -> None:
    """descriptor: of the connection to the worker. directory: below which everything happens; removed in the end."""
    control = socket.socket(fileno=int(descriptor))
    linux.adopt_orphans()
    linux.be_told_of_parents_death(signal.SIGCONT)  # a frozen server would not see the end of the connection
    try:
        for module in modules:
            importlib.import_module(module)
    except BaseException as error:  # noqa: BLE001 - an import may raise anything
        control.sendall(line_of(Unfit(failure=describe(error).model_dump_json())))
        return
    # Of threads that do not come along the worker is told, and says so.
    warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
    gc.collect()
    gc.freeze()  # or collections in the children would copy all pages
    server = Server(control, modules)
    try:
        control.sendall(line_of(Ready(threads=psutil.Process().num_threads())))
        server.run()
    finally:
        shutil.rmtree(Path(directory), ignore_errors=True)


def _keep_short(output: int) -> None:
    """Of what a process has written, the end is what will be wanted."""
    size = os.fstat(output).st_size
    if size > MAX_OUTPUT:
        end = os.pread(output, KEPT_OUTPUT, size - KEPT_OUTPUT)
        os.ftruncate(output, 0)
        os.write(output, end)


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """What the signal is for is done in the loop, which it interrupts."""


if __name__ == "__main__":
    main(*sys.argv[1:])
