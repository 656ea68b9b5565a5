"""Health and metrics of a worker, answered by a thread of its own, so that a blocked loop does not hide itself."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

LIVE_MARGIN = 10.0
"""Seconds beyond the longest time limit in flight after which a loop that was not seen counts as dead."""
BEAT = 0.5


class LoopWatch:
    """Sees how late the event loop is. longest_timeout: seconds, the greatest time limit of the running jobs."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, longest_timeout: Callable[[], float], lag: Gauge
    ) -> None:
        self._loop = loop
        self._longest_timeout = longest_timeout
        self._seen_at = time.monotonic()
        self._is_asked = False
        lag.set_function(self.lag)

    def lag(self) -> float:
        """Seconds since the loop should have answered; 0 if it does."""
        return max(0.0, time.monotonic() - self._seen_at - BEAT)

    def is_live(self) -> bool:
        """Whether the loop was seen within the longest time limit in flight and a margin."""
        return self.lag() <= self._longest_timeout() + LIVE_MARGIN

    def watch(self, stopping: threading.Event) -> None:
        """Ask the loop again and again; runs in a thread."""
        while not stopping.wait(BEAT / 2):
            if not self._is_asked and not self._loop.is_closed():
                self._is_asked = True
                self._loop.call_soon_threadsafe(self._see)

    def _see(self) -> None:
        self._seen_at = time.monotonic()
        self._is_asked = False


@dataclass(frozen=True, slots=True)
class Probe:
    """What the three pages are made of. not_ready: None, or why the service is not ready."""

    is_live: Callable[[], bool]
    not_ready: Callable[[], dict[str, str] | None]
    registry: CollectorRegistry


class HealthServer:
    """`/healthz`, `/readyz` and `/metrics` from daemon threads. port 0 takes any free one."""

    def __init__(self, host: str, port: int, probe: Probe) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(probe))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="health", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _handler(probe: Probe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/healthz":
                    is_live = probe.is_live()
                    self._json(200 if is_live else 503, {"status": "live" if is_live else "stuck"})
                case "/readyz":
                    faults = probe.not_ready()
                    self._json(
                        503 if faults else 200,
                        {"status": "not ready" if faults else "ready", **(faults or {})},
                    )
                case "/metrics":
                    self._send(200, CONTENT_TYPE_LATEST, generate_latest(probe.registry))
                case _:
                    self._json(404, {"status": "there is nothing here; try /healthz, /readyz or /metrics"})

        def _json(self, status: int, body: dict[str, str]) -> None:
            self._send(status, "application/json", json.dumps(body).encode())

        def _send(self, status: int, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Probes are not worth a line each."""

    return Handler
