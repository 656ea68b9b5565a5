"""The fork server as its worker sees it: starts it, orders processes from it, and hears of their ends."""

import asyncio
import contextvars
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog

from afterwork.sandbox import descendants
from afterwork.sandbox.failures import ChildError, Failure, rebuild
from afterwork.sandbox.orders import REPORT, Ended, Kill, Lines, Order, Ready, Start, Unfit, line_of

logger = structlog.get_logger()

MODULE = "afterwork.sandbox.server"
HANDED_ON = ("HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "TZ")
HANDED_ON_PREFIXES = ("LC_", "PYTHON")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A process of many is one thread of many; and a server without threads of others can be forked safely."""
MOMENT = 0.05


@dataclass(slots=True)
class Child:
    """The process of a call.

    talk: the connection to it. output: what it writes to standard output and error. words: the end of that, once it
    was read.
    """

    start: Start
    talk: socket.socket
    output: IO[bytes]
    ended: "asyncio.Future[Ended]" = field(repr=False)
    words: str = ""

    def last_words(self, length: int) -> str:
        """The end of what it has written, at most so many bytes. The file is closed."""
        with self.output as output:
            size = os.fstat(output.fileno()).st_size
            last = os.pread(output.fileno(), length, max(0, size - length))
        self.words = last.decode("utf-8", "replace").strip()
        return self.words


class ForkServer:
    """One process. Built in the running loop; whoever has it waits for `ready` first.

    ready: done when it can fork; fails with ChildError if it cannot start. is_lost: it is gone, or will be.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.ready.add_done_callback(_seen)
        self.is_lost = False
        self._directory = Path(tempfile.mkdtemp(prefix="afterwork-sandbox-"))
        self._children: dict[int, Child] = {}
        self._numbers = itertools.count(1)
        self._lines = Lines()
        self._gone = asyncio.Event()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = self._spawn(theirs.fileno(), modules)
        self._control.setblocking(False)  # noqa: FBT003 - its only way
        # In no job's context: what happens in the callback is done for all of them.
        contextvars.Context().run(self._loop.add_reader, self._control, self._hear)

    @property
    def has_failed(self) -> bool:
        """Whether it could not start."""
        return self.ready.done() and self.ready.exception() is not None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def start(self, memory: int, processes: int) -> Child:
        """A new process, which waits for its call. memory: bytes. Raises ChildError if the server is gone."""
        number = next(self._numbers)
        start = Start(
            id=number, directory=str(self._directory / str(number)), memory=memory, processes=processes
        )
        talk, theirs = socket.socketpair()
        talk.setblocking(False)  # noqa: FBT003 - its only way
        child = Child(start, talk, tempfile.TemporaryFile(), self._loop.create_future())  # noqa: SIM115 - Child's
        self._children[number] = child
        with theirs:
            self._order(start, [theirs.fileno(), child.output.fileno()])
        return child

    def kill(self, child: Child) -> None:
        """End a process and all that it has started; `ended` tells when that is done."""
        if not child.ended.done():
            self._order(Kill(id=child.start.id))

    def abandon(self) -> None:
        """It does not do what it should: end it and all below it from here."""
        logger.error("the fork server of the sandbox does not answer, ending it", pid=self.pid)
        descendants.kill(descendants.below([self.pid], descendants.all_children()))

    async def close(self) -> None:
        """End everything, and return when all of it is gone."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        try:
            async with asyncio.timeout(5):
                await self._gone.wait()
        except TimeoutError:
            self.abandon()
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    def _spawn(self, descriptor: int, modules: Sequence[str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", MODULE, str(descriptor), str(self._directory), *modules],
            env=_environment(os.environ),  # noqa: TID251 - handed on, without what may be secret
            stdin=subprocess.DEVNULL,
            pass_fds=[descriptor],
            start_new_session=True,
        )

    def _order(self, order: Order, descriptors: Sequence[int] = ()) -> None:
        try:
            socket.send_fds(self._control, [line_of(order)], descriptors)
        except OSError:  # gone, or frozen for so long that the line is full
            self._lose()

    def _hear(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose()
        for line in self._lines.add(data):
            match REPORT.validate_json(line):
                case Ready(threads=threads):
                    logger.debug("the sandbox is ready", pid=self.pid, threads=threads)
                    _set(self.ready, None)
                case Unfit(failure=failure):
                    self._refuse(Failure.model_validate_json(failure))
                case Ended() as ended:
                    self._end(ended)

    def _refuse(self, failure: Failure) -> None:
        error = ChildError(f"the sandbox cannot start: {rebuild(failure)}")
        error.add_note(failure.trace)
        if not self.ready.done():
            self.ready.set_exception(error)

    def _end(self, ended: Ended) -> None:
        if child := self._children.pop(ended.id, None):
            _set(child.ended, ended)

    def _lose(self) -> None:
        """Its children have died with it."""
        if self.is_lost:
            return
        self.is_lost = True
        self._loop.remove_reader(self._control)
        self._control.close()
        for number in list(self._children):
            self._end(Ended(id=number, status=None))
        if not self.ready.done():
            self.ready.set_exception(ChildError("the sandbox cannot start: its process has ended"))
        self._await_exit()

    def _await_exit(self) -> None:
        if self._process.poll() is None:
            self._loop.call_later(MOMENT, self._await_exit)
            return
        self._gone.set()
        self._loop.run_in_executor(None, shutil.rmtree, self._directory, True)  # noqa: FBT003 - it may be gone already


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in own.items() if name in HANDED_ON or name.startswith(HANDED_ON_PREFIXES)
    }
    return kept | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _set(
    future: "asyncio.Future[object] | asyncio.Future[None] | asyncio.Future[Ended]", value: object
) -> None:
    if not future.done():
        future.set_result(value)  # type: ignore[arg-type]


def _seen(future: "asyncio.Future[None]") -> None:
    """Nobody may be waiting any more when it fails."""
    if not future.cancelled():
        future.exception()
