"""A network between a program and Redis that a test can cut, delay, or let everything vanish in."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

CHUNK = 65536
AHEAD = 16
"""Chunks of one direction that are under way at a time; then the sender waits, as with TCP."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST (POSIX close, RFC 9293 section 3.10.7.4)."""


@dataclass(slots=True)
class Way:
    """One direction of all connections. latency, jitter: seconds that a chunk takes, at least and at random besides."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    latency: float = 0.0
    jitter: float = 0.0

    def delay(self, random: Random) -> float:
        return self.latency + random.uniform(0, self.jitter)


class FaultProxy:
    """Forwards TCP connections to the server's Unix socket, from a thread of its own.

        with FaultProxy(server.socket) as proxy:
            ...  # programs connect to proxy.url; proxy.black_hole(); proxy.mend()

    While no server listens, connections are reset, as a port on which nobody listens does.
    What is done to the network holds when the method returns. The counts grow for as long as it lives, so that a test
    can see that its fault really hit somebody:

    accepted: connections. resets: those that `cut` has ended. delayed: chunks that took longer because of `delay`.
    withheld: chunks that stood before a closed gate.
    """

    def __init__(self, server: Path, random: Random | None = None) -> None:
        self._server = server
        self._random = random or Random(0)
        self._requests = Way()
        self._answers = Way()
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop
        self._listener: socket.socket
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="fault-proxy", daemon=True
        )
        self.accepted = self.resets = self.delayed = self.withheld = 0

    @property
    def url(self) -> str:
        """Where Redis seems to be."""
        host, port = self._listener.getsockname()
        return f"redis://{host}:{port}/0"

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._open)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def cut(self) -> None:
        """Reset every connection (RST) at both ends; new ones are served."""
        self._do(self._cut())

    def delay(self, latency: float, jitter: float = 0.0) -> None:
        """Let everything take so many seconds, each way, in order."""
        self._do(self._set(is_open=True, latency=latency, jitter=jitter))

    def black_hole(self) -> None:
        """Let nothing through, and tell nobody: connections stay open, and new ones are accepted.

        What is sent meanwhile arrives after `mend`, as it does with TCP, the requests of clients that gave up included.
        """
        self._do(self._set(is_open=False))

    def lose_answers(self) -> None:
        """Let requests through, and nothing that the server says."""
        self._do(self._lose_answers())

    def mend(self) -> None:
        """Let everything through again, at once."""
        self._do(self._set(is_open=True))

    def _do(self, change: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(change, self._loop).result()

    async def _set(self, *, is_open: bool, latency: float = 0.0, jitter: float = 0.0) -> None:
        for way in (self._requests, self._answers):
            way.latency, way.jitter = latency, jitter
            if is_open:
                way.gate.set()
            else:
                way.gate.clear()

    async def _lose_answers(self) -> None:
        self._answers.gate.clear()

    async def _cut(self) -> None:
        while self._open:
            near, carrying = self._open.popitem()
            self.resets += 1
            _reset(near)
            carrying.cancel()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._set(is_open=True)
        server = await asyncio.start_server(self._accept, sock=self._listener)
        self._started.set()
        await self._stopping.wait()
        server.close()

    def _accept(self, requests: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._open[near] = asyncio.create_task(self._carry(requests, near))
        self._open[near].add_done_callback(lambda _: self._open.pop(near, None))

    async def _carry(self, requests: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            answers, far = await asyncio.open_unix_connection(self._server)
        except OSError:
            _reset(near)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(requests, far, self._requests))
                await self._forward(answers, near, self._answers)
                near.close()  # the server has closed, and a server that has closed reads nothing more
        finally:
            for end in (near, far):
                end.transport.abort()

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, way: Way) -> None:
        """All that comes, in order, each chunk when its time has come and the gate is open; then the end."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AHEAD)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(source, under_way, way))
            while True:
                due, data = await under_way.get()
                await self._hold(due, way)
                with contextlib.suppress(OSError):  # the other end is gone
                    if data:
                        target.write(data)
                        await target.drain()
                    else:
                        target.write_eof()
                if not data:
                    return

    async def _read(
        self, source: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]], way: Way
    ) -> None:
        due, data = 0.0, b"-"
        while data:
            try:
                data = await source.read(CHUNK)
            except OSError:  # reset by the other end
                data = b""
            due = max(due, self._loop.time() + way.delay(self._random))
            await under_way.put((due, data))

    async def _hold(self, due: float, way: Way) -> None:
        rest = due - self._loop.time()
        if rest > 0:
            self.delayed += 1
            await asyncio.sleep(rest)
        if not way.gate.is_set():
            self.withheld += 1
            await way.gate.wait()


def _reset(end: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    with contextlib.suppress(OSError):  # it is closed already
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.transport.abort()
