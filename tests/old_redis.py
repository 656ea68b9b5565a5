"""A stand-in for a Redis that is too old to be installed any more: it tells its version and refuses the rest."""

import socketserver
import threading
from types import TracebackType
from typing import Self


class OldRedis:
    """Listens on loopback and answers INFO as the given version does.

    with OldRedis("6.2.14") as server:
        ...  # server.url
    """

    def __init__(self, version: str) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(version))
        self._server.daemon_threads = True
        self.url = f"redis://127.0.0.1:{self._server.server_address[1]}/0"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(version: str) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while header := self.rfile.readline():
                command = [self._word() for _ in range(int(header[1:]))]
                self.wfile.write(self._answer(command))

        def _word(self) -> bytes:
            length = int(self.rfile.readline()[1:])
            return self.rfile.read(length + 2)[:-2]

        def _answer(self, command: list[bytes]) -> bytes:
            if command[0].upper() != b"INFO":
                return b"-ERR Error compiling script (new function): unexpected symbol near '#'\r\n"
            text = f"# Server\r\nredis_version:{version}\r\nredis_mode:standalone\r\n".encode()
            return b"$%d\r\n%s\r\n" % (len(text), text)

    return Handler
