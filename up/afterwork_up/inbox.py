"""A mail server that keeps every message as a file, so that what `afterwork up` sends can be looked at.

    python -m afterwork_up.inbox --descriptor N --directory PATH

It accepts all mail, delivers none, and listens on a socket that its parent holds open: the port stays the same when
the inbox is started again, and who connects meanwhile waits.
"""

import argparse
import asyncio
import os
import secrets
import signal
import socket
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 64 * 1024 * 1024
"""Bytes of a message."""
READY_FD = "AFTERWORK_READY_FD"


class Mailbox:
    """A directory of messages, `<time>-<id>.eml`, each whole or not there at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message; what aiosmtpd calls at the end of DATA."""
        content = envelope.original_content or b""
        try:
            await asyncio.to_thread(self.keep, _envelope_lines(envelope) + content)
        except OSError as error:
            return f"452 4.3.1 the inbox cannot keep the message: {error.strerror}"
        return "250 2.0.0 kept"

    def keep(self, message: bytes) -> Path:
        """Write the message down and return its path. Raises OSError."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        part, whole = self._directory / f".{name}.part", self._directory / f"{name}.eml"
        try:
            with part.open("xb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            part.rename(whole)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return whole

    def remove_leftovers(self) -> None:
        """Delete what an earlier inbox was writing when it was killed; it had confirmed none of it."""
        for part in self._directory.glob(".*.part"):
            part.unlink(missing_ok=True)


def _envelope_lines(envelope: Envelope) -> bytes:
    """For whom the message was, as header lines: the headers of the message itself need not say so."""
    lines = [
        f"X-Envelope-From: {envelope.mail_from}",
        *(f"X-Envelope-To: {to}" for to in envelope.rcpt_tos),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")


async def serve(listening: socket.socket, directory: Path) -> None:
    """Take mail until SIGTERM."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    mailbox = Mailbox(directory)
    mailbox.remove_leftovers()
    session = partial(
        SMTP,
        mailbox,
        hostname="localhost",
        ident="afterwork inbox",
        data_size_limit=LARGEST,
        enable_SMTPUTF8=True,
        loop=loop,
    )
    server = await loop.create_server(session, sock=listening)
    _announce(listening.getsockname()[1])
    await ended.wait()
    server.close()  # and no waiting for those who are connected


def _announce(port: int) -> None:
    """Tell the supervisor that the inbox answers."""
    if ready_fd := os.environ.get(READY_FD):
        os.write(int(ready_fd), f"smtp://127.0.0.1:{port}\n".encode())
        os.close(int(ready_fd))


def main() -> None:
    """Run until the parent ends it."""
    parser = argparse.ArgumentParser(prog="afterwork_up.inbox")
    parser.add_argument("--descriptor", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    asked = parser.parse_args()
    with socket.socket(fileno=asked.descriptor) as listening:
        asyncio.run(serve(listening, asked.directory))


if __name__ == "__main__":
    main()
