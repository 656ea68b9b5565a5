"""Hand letters to the mail server: over few connections that are used again, one answer for each recipient."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTP

from notifier.message import Letter
from notifier.replies import Reply, Verdict, by_smtp, later
from notifier.settings import SmtpSettings
from notifier.transaction import Transaction

UNUSED_FOR = 20.0
"""Seconds after which an unused connection is not used again; servers end them after minutes, middleboxes earlier."""
MAIL_PER_CONNECTION = 100
GOODBYE = 2.0
"""Seconds that a server gets for QUIT."""

Note = Callable[[dict[str, Reply]], Awaitable[None]]
"""Told what was replied to some of the recipients."""


@dataclass(slots=True)
class _Line:
    """One connection. used: messages that went over it. idle_since: by the monotonic clock."""

    smtp: SMTP
    used: int = 0
    idle_since: float = 0.0


class Mailer:
    """The mail server of the settings. tls: by which its certificate is checked."""

    def __init__(self, settings: SmtpSettings, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._tls = tls
        self._free = asyncio.Semaphore(settings.connections)
        self._idle: list[_Line] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: SmtpSettings) -> AsyncIterator["Mailer"]:
        """Connections are made when they are needed, and ended with the block."""
        mailer = cls(settings, _tls(settings))
        try:
            yield mailer
        finally:
            await mailer.close()

    async def close(self) -> None:
        """End the connections that nobody uses."""
        while self._idle:
            await _leave(self._idle.pop())

    async def send(self, letter: Letter, recipients: Sequence[str], note: Note) -> None:
        """Send in as many transactions as the server wants; `note` is told every reply, transaction by transaction."""
        rest = list(recipients)
        while rest:
            async with self._free:
                replies = await self._replies(letter, rest)
            await note(replies)
            rest = [recipient for recipient in rest if recipient not in replies]

    async def _replies(self, letter: Letter, recipients: Sequence[str]) -> dict[str, Reply]:
        """The replies of one transaction: to each recipient, except those whom the server wants in a further one."""
        if self._settings.host is None:
            return dict.fromkeys(recipients, later("no mail server is configured (AFTERWORK_SMTP__HOST)"))
        replies: dict[str, Reply] = {}
        try:
            await self._transact(letter, recipients, replies)
        except aiosmtplib.SMTPResponseException as error:
            reply = by_smtp(error.code, error.message)
            return dict.fromkeys(recipients, Reply(Verdict.LATER, reply.code, reply.detail)) | replies
        except (aiosmtplib.SMTPException, OSError) as error:
            return dict.fromkeys(recipients, later(f"{self._settings.host}: {error}")) | replies
        return replies

    async def _transact(self, letter: Letter, recipients: Sequence[str], replies: dict[str, Reply]) -> None:
        line = await self._line()
        transaction = Transaction(line.smtp, letter, replies)
        try:
            try:
                await transaction.run(recipients)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPResponseException):
                if transaction.has_begun or not line.used:
                    raise
                line.smtp.close()  # it was ended while nobody used it
                line = await self._new_line()
                await Transaction(line.smtp, letter, replies).run(recipients)
        except BaseException:
            line.smtp.close()  # in the middle of something
            raise
        await self._give_back(line)

    async def _line(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if line.smtp.is_connected and time.monotonic() - line.idle_since < UNUSED_FOR:
                return line
            await _leave(line)
        return await self._new_line()

    async def _new_line(self) -> _Line:
        settings = self._settings
        smtp = SMTP(
            hostname=settings.host,
            port=settings.the_port,
            username=settings.user,
            password=None if settings.password is None else settings.password.get_secret_value(),
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            tls_context=self._tls,
            timeout=settings.timeout,
        )
        await smtp.connect()
        return _Line(smtp)

    async def _give_back(self, line: _Line) -> None:
        line.used += 1
        line.idle_since = time.monotonic()
        if line.smtp.is_connected and line.used < MAIL_PER_CONNECTION:
            self._idle.append(line)
        else:
            await _leave(line)


async def _leave(line: _Line) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        if line.smtp.is_connected:
            await line.smtp.quit(timeout=GOODBYE)
    line.smtp.close()


def _tls(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.tls == "none":
        return None
    context = ssl.create_default_context()
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
