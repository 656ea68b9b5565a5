"""One mail transaction: a letter offered to the server for some recipients, and what it says to each of them."""

import asyncio
from collections.abc import Sequence

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponse

from notifier.message import Letter, wire_address
from notifier.replies import Reply, by_smtp, later

LARGE = 64 * 1024
"""Characters or bytes from which on a letter is composed beside the event loop."""
TAKEN, FORWARDED = 250, 251
ONE_TOO_MANY = 452
"""What a server says to a recipient beyond its limit (RFC 5321 4.5.3.1.10)."""
NO_UTF8 = 553
CLOSING = 421
"""The server ends the connection, so there is no more to be said over it."""


class Transaction:
    """From MAIL to the end of DATA. has_begun: whether the server has taken MAIL."""

    def __init__(self, smtp: SMTP, letter: Letter, replies: dict[str, Reply]) -> None:
        self._smtp = smtp
        self._letter = letter
        self._replies = replies
        self.has_begun = False

    async def run(self, recipients: Sequence[str]) -> None:
        """Offer the letter for these recipients. Those who get no reply are for a further transaction."""
        await self._greet()
        utf8 = self._letter.needs_utf8(recipients) and self._smtp.supports_extension("smtputf8")
        try:
            sender = wire_address(self._letter.sender.address, utf8=utf8)
            content = await _composed(self._letter, utf8=utf8)
        except ValueError as error:
            self._all(recipients, by_smtp(NO_UTF8, str(error)))
            return
        addresses = self._addresses(recipients, utf8=utf8)
        if not await self._mail(sender, content, list(addresses), utf8=utf8):
            return
        accepted = await self._rcpt(addresses)
        if accepted:
            await self._data(accepted, content)
        else:
            await self._smtp.rset()

    async def _greet(self) -> None:
        """Learn what the server can do."""
        if self._smtp.is_ehlo_or_helo_needed:
            try:
                await self._smtp.ehlo()
            except aiosmtplib.SMTPHeloError as error:
                if error.code == CLOSING:
                    raise
                await self._smtp.helo()

    def _addresses(self, recipients: Sequence[str], *, utf8: bool) -> dict[str, str]:
        found = {}
        for recipient in recipients:
            try:
                found[recipient] = wire_address(recipient, utf8=utf8)
            except ValueError as error:
                self._replies[recipient] = by_smtp(NO_UTF8, str(error))
        return found

    async def _mail(self, sender: str, content: bytes, recipients: list[str], *, utf8: bool) -> bool:
        options = [b"SIZE=%d" % len(content)] if self._smtp.supports_extension("size") else []
        options += [b"SMTPUTF8"] if utf8 else []
        answer = await self._ask(b"MAIL", b"FROM:<%b>" % sender.encode(), *options)
        self.has_begun = answer.code == TAKEN
        if not self.has_begun:
            self._all(recipients, by_smtp(answer.code, answer.message))
        return self.has_begun

    async def _rcpt(self, addresses: dict[str, str]) -> list[str]:
        accepted: list[str] = []
        for name, address in addresses.items():
            answer = await self._ask(b"RCPT", b"TO:<%b>" % address.encode())
            if answer.code in {TAKEN, FORWARDED}:
                accepted.append(name)
            elif answer.code == ONE_TOO_MANY and accepted:
                break
            else:
                self._replies[name] = by_smtp(answer.code, answer.message)
        return accepted

    async def _ask(self, *words: bytes) -> SMTPResponse:
        # not by `mail` and `rcpt` of aiosmtplib, which parse each address anew; ours are checked and need no quotes
        answer = await self._smtp.execute_command(*words)
        if answer.code == CLOSING:
            raise aiosmtplib.SMTPResponseException(answer.code, answer.message)
        return answer

    async def _data(self, accepted: list[str], content: bytes) -> None:
        try:
            answer = await self._smtp.data(content)
        except aiosmtplib.SMTPDataError as error:
            self._all(accepted, by_smtp(error.code, error.message))
            if error.code == CLOSING:
                raise
        except aiosmtplib.SMTPException as error:
            self._all(accepted, later(f"{error}; the server may have taken it"))
            raise
        else:
            self._all(accepted, by_smtp(answer.code, answer.message))

    def _all(self, recipients: Sequence[str], reply: Reply) -> None:
        self._replies.update(dict.fromkeys(recipients, reply))


async def _composed(letter: Letter, *, utf8: bool) -> bytes:
    size = (
        len(letter.job.text or "")
        + len(letter.job.html or "")
        + sum(len(a.content) for a in letter.attachments)
    )
    if size < LARGE:
        return letter.content(utf8=utf8)
    return await asyncio.to_thread(letter.content, utf8=utf8)
