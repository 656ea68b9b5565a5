"""Listening, telling a supervisor about it, and ending in order."""

import asyncio
import os
import resource
import signal
import socket
from functools import partial
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

from gateway.http.connection import Connection
from gateway.settings import Listening

logger = structlog.get_logger()

DRAIN = 3
"""Seconds that requests under way may go on after SIGTERM; longer than any call to Redis takes."""
MOST_FILES = 65_536
"""Connections and files for which a limit is raised at the most."""


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


def allow_connections() -> None:
    """Let this process have as many connections as the system allows it; the usual limit is meant for programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def limit_silence(listener: socket.socket, seconds: float) -> None:
    """End connections whose peer has acknowledged nothing for so long: it is gone, or its buffers are full.

    The connections inherit it (RFC 5482; Linux only, elsewhere the system's own patience of minutes holds).
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


class Server(uvicorn.Server):
    """uvicorn, with our logging, which announces itself once and for which SIGTERM is a clean end.

    ending: set when SIGTERM or SIGINT came, so that who waits for a job is answered before the drain.
    listening: its time limits hold for every connection.
    ready_fd: file descriptor on which the base URL is written, once requests are answered; then it is closed.
    """

    def __init__(
        self, app: ASGIApp, listening: Listening, *, ending: asyncio.Event, ready_fd: int | None
    ) -> None:
        connection = partial(
            Connection, send_timeout=listening.send_timeout, request_timeout=listening.request_timeout
        )
        config = uvicorn.Config(
            app,
            log_config=None,  # ours is set already
            log_level="warning",  # start and end are told below
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who the client is
            http=connection,  # type: ignore[arg-type] # it is only called
            ws="none",
            lifespan="off",  # what the application needs is opened and closed around it
            timeout_graceful_shutdown=DRAIN,
        )
        super().__init__(config)
        self._ending = ending
        self._send_timeout = listening.send_timeout
        self._ready_fd = ready_fd

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until SIGTERM or SIGINT, then let requests under way finish."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_early_signal)
        await super().serve(sockets)
        logger.info("gateway ended")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        for listener in sockets or []:
            limit_silence(listener, self._send_timeout)
        await super().startup(sockets)
        if sockets and self.started:
            self._announce(_base_url(sockets[0]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Keep nobody waiting, and let requests under way finish."""
        self._ending.set()
        await super().shutdown(sockets)

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
