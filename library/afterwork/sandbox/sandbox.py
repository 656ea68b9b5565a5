"""`Sandbox`: functions run in child processes, a few at a time, within limits, and cost nobody else anything."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from types import TracebackType
from typing import Any, Self, TypeVar

from afterwork.sandbox.calls import Call, decode_result, encode_call
from afterwork.sandbox.conversation import Conversation, Listener
from afterwork.sandbox.fork_server import ForkServer
from afterwork.sandbox.limits import GIBIBYTE, MAX_PROCESSES, Limits

R = TypeVar("R")
OnProgress = Callable[[float, float | None, str | None], None]
UNLIMITED = Limits()


class Sandbox:
    """Runs functions of known modules, each call in a process of its own that begins and ends with it.

        async with Sandbox(preload=["processor.tables.run"]) as sandbox:
            result = await sandbox.run(process_table, path, limits=Limits(seconds=60))

    preload: the modules of these functions, loaded once by a fork server, which starts with the first call.
    processes: calls at a time; others wait in turn. By default one for each core. memory: bytes that a call may have
    unless it says otherwise. waiting: entered by each call while it waits for its turn.
    """

    def __init__(
        self,
        *,
        preload: Sequence[str] = (),
        processes: int | None = None,
        memory: int = GIBIBYTE,
        waiting: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.preload = tuple(dict.fromkeys(preload))
        self.memory = memory
        self._slots = asyncio.Semaphore(processes or os.cpu_count() or 1)
        self._waiting = waiting
        self._server: ForkServer | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        if self._server is not None:
            await self._server.close()

    async def run(
        self,
        function: Callable[..., R],
        *args: Any,  # noqa: ANN401 - whatever the function takes
        limits: Limits = UNLIMITED,
        on_progress: OnProgress | None = None,
        listener: Listener | None = None,
    ) -> R:
        """Call the function with these arguments in a child process, and return its result.

        function: at the top level of a module of `preload`. Arguments and result cross as JSON, by its annotations;
        large data are handed over in files, by their paths. Its working directory is a fresh one and is removed
        with all that it left there.
        on_progress: called with what the function reports by `report_progress`. listener: see `tell` and `ask`.

        Cancelling the caller kills the process and all that it has started, as does everything that ends the call.
        Raises what the function raises if that is an error of `afterwork.errors`; `ChildError` for any other
        exception, and if the process was killed or ended by itself; `OutOfMemory`; `TimeoutError`; `ResultNotJson`;
        `ResultTooLarge` (over 4 MiB); `TypeError` for a function or arguments that cannot be used.
        """
        call = encode_call(function, args)
        self._check(call)
        async with self._turn() as server:
            child = server.start(limits.memory or self.memory, MAX_PROCESSES)
            heard = listener or (Listener(on_progress) if on_progress else Listener())
            body = await Conversation(server, child, heard, limits.seconds).hold(call)
        result: R = decode_result(function, body)
        return result

    def _check(self, call: Call) -> None:
        module = call.function.partition(":")[0]
        if module not in self.preload:
            message = f"{call.function} cannot be called: {module} is not among what this sandbox preloads"
            raise TypeError(message)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[ForkServer]:
        """One of the slots, and the server that works it."""
        async with AsyncExitStack() as stack:
            with self._waiting():
                await stack.enter_async_context(self._slots)
                server = await self._ready_server()
            yield server

    async def _ready_server(self) -> ForkServer:
        """The present one, or a new one if that is lost. Raises ChildError if it cannot start."""
        if self._is_closed:
            raise RuntimeError("the sandbox is closed")
        if self._server is None or self._server.is_lost or self._server.has_failed:
            self._server = ForkServer(self.preload)
        await asyncio.shield(self._server.ready)
        return self._server
