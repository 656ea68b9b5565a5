"""Plain handlers (`def`): each attempt runs in a thread of its own, where it may block and stops nobody."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field, fields
from inspect import isawaitable
from typing import Any

from afterwork.contracts import Contract, Progress
from afterwork.engine.work.executor import CURRENT, Execution, Perform
from afterwork.engine.work.job_log import job_logger
from afterwork.engine.work.run import AnyRun, Channel, Run
from afterwork.engine.work.thread_reports import ThreadReports


class Stopped(BaseException):
    """Raised by what a plain handler reports with, once its attempt was stopped, so that it ends by itself.

    Not an Exception, as `asyncio.CancelledError` is none: `except Exception` lets it pass.
    """


@dataclass(frozen=True, slots=True)
class BlockingRun(AnyRun):
    """The attempt that a plain function (`def`) works on, in a thread. Has what `Run` has; nothing is awaited."""

    thread: "ThreadChannel" = field(repr=False)

    @property
    def stopped(self) -> bool:
        """Whether the attempt was stopped: by its time limit, a cancel, a drain or a lost lease.

        A thread cannot be stopped from outside. One that goes on keeps its slot in the worker, and its result
        counts for nothing after 5 seconds.
        """
        return self.thread.is_stopped

    def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store what the next attempt is to find in `checkpointed`, in place of what was stored before.

        Returns when it is stored. Raises Stopped, and what `Run.checkpoint` raises.
        """
        self.thread.store(value)


class ThreadChannel:
    """The channel of an attempt as its thread may use it: everything is handed on to the loop."""

    def __init__(self, channel: Channel, execution: Execution, loop: asyncio.AbstractEventLoop) -> None:
        self.is_stopped = False
        self._channel = channel
        self._loop = loop
        self._reports = ThreadReports(channel, execution, loop)
        self._storing: futures.Future[None] | None = None

    def stop(self) -> None:
        """Let the thread know, also if it waits for a checkpoint to be stored. Called in the loop."""
        self.is_stopped = True
        storing = self._storing
        if storing is not None:
            storing.cancel()

    def progress(self, progress: Progress) -> None:
        """Hand on. Raises Stopped."""
        self._go_on()
        self._reports.progress(progress)

    def log(self, level: str, text: str) -> None:
        """Hand on, also after the stop."""
        self._reports.log(level, text)

    def flush(self) -> None:
        """In the loop: hand on what the thread has reported and the loop has not taken yet."""
        self._reports.flush()

    async def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """For the loop."""
        await self._channel.checkpoint(value)

    def store(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Return when it is stored. Raises Stopped."""
        self._go_on()
        self._storing = asyncio.run_coroutine_threadsafe(self.checkpoint(value), self._loop)
        try:
            if self.is_stopped:  # since it was asked above
                self._storing.cancel()
            self._storing.result()
        except futures.CancelledError:
            raise Stopped from None
        finally:
            self._storing = None

    def _go_on(self) -> None:
        if self.is_stopped:
            raise Stopped


def in_thread(handler: Callable[[Any, BlockingRun], Any]) -> Perform:
    """A plain handler as the executor calls it. However it is stopped, it waits until the thread returns."""

    async def perform(job: Contract, run: Run) -> Any:  # noqa: ANN401 - the handler's result
        execution = CURRENT.get()
        channel = ThreadChannel(run.channel, execution, asyncio.get_running_loop())
        call = _Call(lambda: handler(job, _blocking(run, channel)))
        execution.before_end = channel.flush
        call.start(f"{run.kind} {run.job_id}")
        while not call.returned.done():
            try:
                await asyncio.wait([call.returned])
            except asyncio.CancelledError:
                channel.stop()
        return call.result()

    return perform


class _Call:
    """One call in a daemon thread, which keeps no process from ending. Whatever it raises is raised by `result`."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._loop = asyncio.get_running_loop()
        self.returned: asyncio.Future[None] = self._loop.create_future()
        self._value: Any = None
        self._error: BaseException | None = None

    def start(self, name: str) -> None:
        """Call it, in a copy of the present context. Raises RuntimeError if there can be no more threads."""
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()

    def result(self) -> Any:  # noqa: ANN401 - the handler's result
        """What it returned. Raises what it raised, and TypeError for a coroutine, which nobody would run."""
        if self._error is not None:
            raise self._error
        if isawaitable(self._value):
            if asyncio.iscoroutine(self._value):
                self._value.close()
            raise TypeError("a plain handler returned an awaitable; declare it with async def")
        return self._value

    def _run(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:  # noqa: BLE001 - it ends this job only
            self._error = error
        with suppress(RuntimeError):  # the loop is closed, nobody waits any more
            self._loop.call_soon_threadsafe(self.returned.set_result, None)


def _blocking(run: Run, channel: ThreadChannel) -> BlockingRun:
    told = {one.name: getattr(run, one.name) for one in fields(run)}
    logger = job_logger(run.job_id, run.kind, channel.log)
    return BlockingRun(**(told | {"logger": logger, "channel": channel, "thread": channel}))
