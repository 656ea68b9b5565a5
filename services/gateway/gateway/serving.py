"""Listening, telling a supervisor about it, and ending in order."""

import os
import signal
import socket
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from afterwork.errors import MalformedRequest
from gateway.problems import problem_response

logger = structlog.get_logger()

DRAIN = 3
"""Seconds that requests under way may go on after SIGTERM; longer than any call to Redis takes."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError if the address is not to be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


class Protocol(HttpToolsProtocol):
    """uvicorn's, which answers what is no HTTP by a problem document, too."""

    def send_400_response(self, msg: str) -> None:
        """Refuse and close."""
        answer = problem_response(MalformedRequest(msg), "")
        head = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"
        headers = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
        self.transport.write(head + headers + b"\r\n" + bytes(answer.body))
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn, with our logging, which announces itself once and for which SIGTERM is a clean end.

    ready_fd: file descriptor on which the base URL is written, once requests are answered; then it is closed.
    """

    def __init__(self, app: ASGIApp, *, ready_fd: int | None) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,  # ours is set already
            log_level="warning",  # start and end are told below
            access_log=False,
            server_header=False,
            http=Protocol,
            ws="none",
            lifespan="off",  # what the application needs is opened and closed around it
            timeout_graceful_shutdown=DRAIN,
        )
        super().__init__(config)
        self._ready_fd = ready_fd

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until SIGTERM or SIGINT, then let requests under way finish."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_early_signal)
        await super().serve(sockets)
        logger.info("gateway ended")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if sockets and self.started:
            self._announce(_base_url(sockets[0]))

    def _announce(self, url: str) -> None:
        logger.info("gateway ready", url=url)
        if self._ready_fd is not None:
            os.write(self._ready_fd, f"{url}\n".encode())
            os.close(self._ready_fd)

    def _on_early_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Stop. In force before uvicorn's own handler and after it, when uvicorn raises the signal once more."""
        self.should_exit = True


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
