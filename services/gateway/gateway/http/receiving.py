"""How a request comes in: within a time, with a head of a bounded size, and refused where it does neither."""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from afterwork.errors import AfterworkError, MalformedRequest, RequestTimeout
from gateway.http.body_limit import MAX_BODY, REFUSAL
from gateway.http.problems import problem_response
from gateway.http.streaming import is_streamed

MAX_BARE = 64 * 1024
"""Bytes that may come without any of a body: a head, or the trailers and extensions of chunks."""
MAX_HELD = 16 * 1024
"""Bytes of an answer that may wait for what else is written at the same time."""
LINGER = 1.0
"""Seconds for which a client that goes on sending may read why it should not, before the connection is cut."""


class Part(Enum):
    """What of a request is expected next. NOTHING: a request may begin, or end the connection."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class Receiving(HttpToolsProtocol):
    """uvicorn's protocol, which waits for ever for a head or a body, and for heads of any size.

    request_timeout: seconds for a whole request, head and body, from its first byte, or from the connection on; of one
    that is streamed (`streaming.py`), seconds, to twice as many, in which nothing of its body comes.
    """

    def __init__(self, *args: Any, request_timeout: float, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._request_timeout = request_timeout
        self._deadline: asyncio.TimerHandle | None = None
        self._part = Part.NOTHING
        self._bare = 0
        self._unread = 0
        self._is_flowing = False
        self._is_over = False
        self._answer = _Answer(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come, and may say nothing."""
        super().connection_made(transport)  # type: ignore[arg-type] # as in uvicorn
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request, or more than one."""
        if self._is_over:
            return
        self._bare += len(data)
        super().data_received(data)
        if self._bare > MAX_BARE:
            self._refuse(MalformedRequest(f"there are more than {MAX_BARE} bytes of head or trailers"))
        elif self._part is not Part.NOTHING or not self._is_answering:
            self._expect()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._part = Part.HEAD
        self._unread = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._part = Part.BODY
        super().on_headers_complete()
        self.cycle.transport = self._answer  # type: ignore[assignment] # the part of a transport that it uses

    def on_body(self, body: bytes) -> None:
        """Some of the body; what comes after the answer is thrown away, up to a limit."""
        self._bare = 0
        self._is_flowing = is_streamed(self.cycle.scope)
        if self.cycle.response_complete:
            self._unread += len(body)
            if self._unread > MAX_BODY:
                self.end()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._part = Part.NOTHING
        self._bare = 0
        self._expect_nothing()
        super().on_message_complete()

    def end(self) -> None:
        """Close. A client in the middle of its body can read its answer first: an immediate end would destroy it."""
        self._answer.flush()
        if self._part is Part.NOTHING or self._is_over:
            self.transport.close()
            return
        self._is_over = True
        self._expect_nothing()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

    def shutdown(self) -> None:
        """The server ends; what is answered already is sent."""
        self._answer.flush()
        super().shutdown()

    def send_problem(self, error: AfterworkError) -> None:
        """Answer what never became a request, and close; after the answer to an earlier one, if there is one."""
        if self._is_answering and self._part is not Part.BODY:
            self._is_over = True
            self.cycle.keep_alive = False
            return
        if self._is_answering:
            self.cycle.disconnected = True  # for whoever reads or answers it
            self.cycle.message_event.set()
        if not self._is_answering or not self.cycle.response_started:
            answer = problem_response(error, "", headers={"Connection": "close"})
            head = b"HTTP/1.1 %d %b\r\n" % (error.status, HTTPStatus(error.status).phrase.encode())
            headers = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
            self.transport.write(head + headers + b"\r\n" + bytes(answer.body))
        self.end()

    @property
    def _is_answering(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _expect(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self._request_timeout, self._on_deadline)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        is_held_up_by_us = (
            bool(self.pipeline)
            or self.flow.read_paused
            or (self._part is not Part.BODY and self._is_answering)
        )
        if is_held_up_by_us or self._is_flowing:
            self._is_flowing = False
            self._expect()
        elif self._bare or self._part is not Part.NOTHING:
            self._refuse(RequestTimeout(f"the request was not complete after {self._request_timeout:g} s"))
        else:
            self.transport.close()

    def _refuse(self, error: AfterworkError) -> None:
        if self.transport.is_closing():
            return
        if self._part is not Part.BODY:
            self.send_problem(error)
        elif self.cycle.response_started:
            self.end()
        else:  # whoever reads the body answers
            self.cycle.scope["state"][REFUSAL] = error
            self.cycle.keep_alive = False
            self.cycle.message_event.set()


class _Answer:
    """What a connection's answers are written to. What comes at once, such as head and body, leaves as one.

    Closing it is closing with consideration.
    """

    def __init__(self, connection: Receiving) -> None:
        self._connection = connection
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._held:
            self._held += data
        else:
            self._held = data
            self._connection.loop.call_soon(self.flush)
        if len(self._held) >= MAX_HELD:
            self.flush()

    def flush(self) -> None:
        """Send what is held back, unless the client is gone."""
        held, self._held = self._held, b""
        if held and not self.is_closing():
            self._connection.transport.write(held)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.end()
