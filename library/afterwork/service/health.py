"""Health and metrics of a worker, answered by a thread of its own, so that a blocked loop does not hide itself."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service can work. reasons: why not, or what is less than it could be, by what it depends on."""

    is_ready: bool
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probe:
    """What the three pages are made of."""

    is_live: Callable[[], bool]
    readiness: Callable[[], Readiness]
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
                    found = probe.readiness()
                    status = "ready" if found.is_ready else "not ready"
                    self._json(200 if found.is_ready else 503, {"status": status, **found.reasons})
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
