"""One call as its worker follows it: hands it over, hears the child, and sees to it that nothing is left in the end."""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_json

from afterwork import errors
from afterwork.sandbox.calls import Call
from afterwork.sandbox.failures import ChildError, Failure, describe, rebuild
from afterwork.sandbox.fork_server import Child, ForkServer
from afterwork.sandbox.frames import Frame, Garbled, Topic, read_frame
from afterwork.sandbox.limits import MEBIBYTE
from afterwork.sandbox.orders import Ended

logger = structlog.get_logger()
T = TypeVar("T")
PROGRESS: TypeAdapter[tuple[float, float | None, str | None]] = TypeAdapter(
    tuple[float, float | None, str | None]
)
ANYTHING: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)

GRACE = 0.5
"""Seconds in which a process that has said its last word ends by itself."""
SILENCE = 0.2
"""Seconds in which a process whose connection has ended is found dead, unless it has closed it and goes on."""
PATIENCE = 4.0
"""Seconds within which the fork server must have carried out an order to kill, or is itself ended."""
LAST_WORDS = 4000
"""Characters of a process' output that are kept."""


def _unheard(*_: object) -> None:
    """Nobody listens."""


async def _unanswered(_: JsonValue) -> JsonValue:
    raise ValueError("nobody listens to this call")


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears what the function says while it runs, in the worker's loop.

    progress: of `report_progress`: done, total, note. news: of `tell`. question: of `ask`; what it raises is raised
    there. What the first two raise ends the call.
    """

    progress: Callable[[float, float | None, str | None], None] = _unheard
    news: Callable[[JsonValue], None] = _unheard
    question: Callable[[JsonValue], Awaitable[JsonValue]] = _unanswered


class Conversation:
    """With the process of one call. seconds: the time limit, if there is one."""

    def __init__(self, server: ForkServer, child: Child, listener: Listener, seconds: float | None) -> None:
        self._server = server
        self._child = child
        self._listener = listener
        self._seconds = seconds

    async def hold(self, call: Call) -> bytes:
        """From the call to its result, as JSON. However it ends, the process and all that it left has gone by then.

        Raises what `Sandbox.run` says.
        """
        frame: Frame | None = None
        patience = 0.0
        try:
            async with asyncio.timeout(self._seconds) as limit:
                frame = await self._talk(call)
            patience = GRACE if frame else SILENCE
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"{call.function} took longer than {self._seconds:g} seconds"
            raise TimeoutError(message) from None
        except Garbled as error:
            message = f"{call.function} wrote to the connection of its process what is no message: {error}"
            raise ChildError(message) from None
        finally:
            ended = await self._see_off(call, patience)
        return _outcome(frame, ended, self._child)

    async def _talk(self, call: Call) -> Frame | None:
        """The last word of the child; None if it ends without one."""
        reader, writer = await asyncio.open_unix_connection(sock=self._child.talk)
        try:
            await _send(writer, Frame(Topic.CALL, call.encode()))
            while True:
                frame = await read_frame(reader)
                if frame is None or frame.topic in {Topic.RESULT, Topic.FAILURE}:
                    return frame
                await self._heed(frame, writer)
        finally:
            writer.close()

    async def _heed(self, frame: Frame, writer: asyncio.StreamWriter) -> None:
        match frame.topic:
            case Topic.PROGRESS:
                self._listener.progress(*_parsed(frame, PROGRESS))
            case Topic.NEWS:
                self._listener.news(_parsed(frame, ANYTHING))
            case Topic.QUESTION:
                await _send(writer, await self._answer(_parsed(frame, ANYTHING)))
            case _:
                message = f"{frame.topic.name} from a child"
                raise Garbled(message)

    async def _answer(self, question: JsonValue) -> Frame:
        try:
            return Frame(Topic.ANSWER, to_json(await self._listener.question(question)))
        except Exception as error:  # noqa: BLE001 - it is the child's to handle
            return Frame(Topic.REFUSAL, describe(error).model_dump_json().encode())

    async def _see_off(self, call: Call, patience: float) -> Ended:
        """Wait for the end, help it along, and clear up. A cancellation meanwhile is raised when it is done."""
        child = self._child
        is_cancelled = await _over(child.ended, patience)
        if not child.ended.done():
            self._server.kill(child)
            is_cancelled |= await _over(child.ended, PATIENCE)
        if not child.ended.done():
            self._server.abandon()
            is_cancelled |= await _over(child.ended, PATIENCE)
        if last_words := child.last_words(LAST_WORDS):
            logger.info("a child process has written", function=call.function, output=last_words)
        await _clear(Path(child.start.directory))
        if is_cancelled:
            raise asyncio.CancelledError
        return child.ended.result() if child.ended.done() else Ended(id=child.start.id, status=None)


def _outcome(frame: Frame | None, ended: Ended, child: Child) -> bytes:
    """The result. Raises what came instead of one."""
    if frame is not None and frame.topic is Topic.RESULT:
        return frame.body
    if ended.excess == "memory":
        message = f"it took more than the {child.start.memory / MEBIBYTE:.0f} MiB that it may"
        raise errors.OutOfMemory(message)
    if frame is not None:
        raise rebuild(Failure.model_validate_json(frame.body))
    error = ChildError(_epitaph(ended, child))
    if child.words:
        error.add_note(f"in the end it wrote:\n{child.words}")
    raise error


def _epitaph(ended: Ended, child: Child) -> str:
    if ended.excess == "processes":
        return f"the child process had more than {child.start.processes} processes"
    if ended.status is None:
        return "the child process could not be started, or was lost together with what had started it"
    code = os.waitstatus_to_exitcode(ended.status)
    if code >= 0:
        return f"the child process ended with exit code {code} before it had a result"
    return f"the child process was killed by signal {-code} ({signal.strsignal(-code)})"


async def _send(writer: asyncio.StreamWriter, frame: Frame) -> None:
    try:
        writer.write(frame.encode())
        await writer.drain()
    except ConnectionError:
        """It is dead, which the next read tells."""


def _parsed(frame: Frame, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_json(frame.body)
    except ValidationError as error:
        raise Garbled(str(error)) from None


async def _over(future: "asyncio.Future[Ended]", seconds: float) -> bool:
    """Wait until it is done, or for so long; whether somebody wanted to cancel the waiting."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    is_cancelled = False
    while not future.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait([future], timeout=left)
        except asyncio.CancelledError:
            is_cancelled = True
    return is_cancelled


async def _clear(directory: Path) -> None:
    if not _is_cleared(directory):
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


def _is_cleared(directory: Path) -> bool:
    """Most calls leave nothing there."""
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
