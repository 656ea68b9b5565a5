"""Mail servers for tests: a well-behaved one that can be told to refuse, and raw ones that follow a script."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TAKEN = "250 2.0.0 taken"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that the server has confirmed, and its envelope."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass(slots=True)
class MailServer:
    """What it was told to do, and what it has seen.

    rcpt: replies by recipient, each a text or several for one try after another. data: replies to DATA, in turn.
    most: recipients of one transaction. gate: what DATA waits for. delivered: what it has confirmed.
    """

    port: int = 0
    rcpt: Mapping[str, list[str]] = field(default_factory=dict)
    mail: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    most: int = 1000
    gate: Callable[[Envelope], Awaitable[None]] | None = None
    delivered: list[Delivered] = field(default_factory=list)
    connections: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def recipients(self) -> list[str]:
        """Everybody who got mail, once for each time."""
        return [recipient for one in self.delivered for recipient in one.recipients]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail:
            return self.mail.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 go on"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked.append(address)
        if replies := self.rcpt.get(address):
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if not reply.startswith("250"):
                return reply
        if len(envelope.rcpt_tos) >= self.most:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 go on"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.gate:
            await self.gate(envelope)
        reply = self.data.pop(0) if self.data else TAKEN
        if reply.startswith("250"):
            content = envelope.original_content or b""
            delivered = Delivered(
                str(envelope.mail_from), tuple(envelope.rcpt_tos), content, session.ssl is not None
            )
            self.delivered.append(delivered)
        return reply


@asynccontextmanager
async def mail_server(
    told: MailServer | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    **options: Any,  # noqa: ANN401 - aiosmtpd's
) -> AsyncIterator[MailServer]:
    """A server in the running loop. tls: from the first byte on. options: of aiosmtpd.SMTP."""
    server = told or MailServer()

    def session() -> SMTP:
        server.connections += 1
        return SMTP(server, hostname="mx.test", **{"enable_SMTPUTF8": True, **options})

    listening = await asyncio.get_running_loop().create_server(session, "127.0.0.1", server.port, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def knows(user: str, password: str) -> Callable[..., AuthResult]:
    """An authenticator for aiosmtpd."""

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        is_right = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=is_right, handled=False)

    return authenticate


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[int]:
    """A server on a free port of loopback that does as `talk` says with each connection; the port."""
    talks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        talks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


Script = Mapping[str, str | list[str | None] | None]
"""Replies by the command's first word; the end of DATA is `.`, the greeting `220`. None ends the connection; of a
list the first counts, then the next, over all connections."""


async def by_script(replies: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak SMTP as scripted, and as usual where nothing is scripted."""
    usual = {"EHLO": "250 mx.test", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": TAKEN}
    known = {"220": "220 mx.test ESMTP", "QUIT": "221 bye", "RSET": "250 ok", **usual, **replies}
    word = "220"
    while (reply := _next(known.get(word, "500 what?"))) is not None:
        writer.write(f"{reply}\r\n".encode())
        await writer.drain()
        if word == "DATA" and reply.startswith("354"):
            await reader.readuntil(b"\r\n.\r\n")
            word = "."
            continue
        line = await reader.readline()
        if not line:
            return
        word = line.split()[0].decode().upper()


def _next(reply: str | list[str | None] | None) -> str | None:
    return reply.pop(0) if isinstance(reply, list) else reply


def scripted(**replies: str | list[str | None] | None) -> Talk:
    """`scripted(MAIL="421 closing")`; names: `BANNER`, `END_OF_DATA` and the commands."""
    names = {"BANNER": "220", "END_OF_DATA": "."}
    return partial(by_script, {names.get(name, name): reply for name, reply in replies.items()})
