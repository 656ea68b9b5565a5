"""A network between a worker and Redis that a test can cut: a TCP proxy in threads of its own."""

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class Network:
    """Forwards TCP connections to the server's Unix socket.

    After `cut` it is a black hole: connections stay open, new ones are accepted, and nothing comes through; after
    `lose_answers` requests still arrive. After `mend` what was sent meanwhile arrives late, as it does with TCP, the
    requests of clients that gave up included.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._requests = threading.Event()
        self._answers = threading.Event()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="network", daemon=True)

    @property
    def url(self) -> str:
        """Where Redis seems to be."""
        host, port = self._listener.getsockname()
        return f"redis://{host}:{port}/0"

    def __enter__(self) -> Self:
        self.mend()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.mend()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def cut(self) -> None:
        """Let nothing through, and tell nobody."""
        self._requests.clear()
        self._answers.clear()

    def lose_answers(self) -> None:
        """Let nothing through that Redis says."""
        self._answers.clear()

    def mend(self) -> None:
        """Let everything through again."""
        self._requests.set()
        self._answers.set()

    def _accept(self) -> None:
        pumps: list[threading.Thread] = []
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._server))
                self._open |= {near, far}
                for ends in ((near, far, self._requests), (far, near, self._answers)):
                    pumps.append(threading.Thread(target=_pump, args=ends, daemon=True))
                    pumps[-1].start()
        for pump in pumps:
            pump.join()
        for connection in self._open:
            connection.close()


def _pump(source: socket.socket, target: socket.socket, flows: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            flows.wait()
            target.sendall(data)
    flows.wait()
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
