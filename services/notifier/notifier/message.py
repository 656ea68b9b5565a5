"""Compose the e-mail of a notification: pure, from its fields to the bytes that are sent."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cached_property

import idna

from afterwork.contracts.addresses import Mailbox, mail_target, mailbox
from afterwork.contracts.notifier import SendNotification
from notifier import headers

POLICY = SMTP.clone(cte_type="7bit", utf8=False)
"""Bodies in 7 bits with short lines, which every server takes as they are."""


_PLAIN = re.compile(r"[\t\n -~]*")
PLAIN_BODY = b"\r\n".join(
    (
        b'Content-Type: text/plain; charset="utf-8"',
        b"Content-Transfer-Encoding: 7bit",
        b"MIME-Version: 1.0\r\n\r\n",
    )
)
"""What stands before a text that needs no encoding: most mail, and the library takes half a millisecond for it."""


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment, with its content."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)  # without slots, for what is found out once
class Letter:
    """An e-mail that is to be composed. sender: who it is from; its address is also the envelope's."""

    job: SendNotification
    sender: Mailbox
    message_id: str
    date: datetime
    attachments: Sequence[Attached] = ()

    def needs_utf8(self, recipients: Iterable[str]) -> bool:
        """Whether an address in it, or of the recipients, can only be said to a server with SMTPUTF8 (RFC 6531)."""
        return self._needs_utf8 or not all(map(_is_ascii, recipients))

    def content(self, *, utf8: bool) -> bytes:
        """The message. utf8: as only a server with SMTPUTF8 takes it; without, addresses that need it are left out.

        Raises ValueError if the sender's is one of them.
        """
        return self._in_utf8 if utf8 else self._in_ascii

    @cached_property
    def _in_utf8(self) -> bytes:
        return self._content(utf8=True)

    @cached_property
    def _in_ascii(self) -> bytes:
        return self._content(utf8=False)

    @cached_property
    def _needs_utf8(self) -> bool:
        return not all(_is_ascii(one.address) for one in (self.sender, *self._to, *self._cc, *self._reply_to))

    @cached_property
    def _to(self) -> tuple[Mailbox, ...]:
        return tuple(
            Mailbox(address) for target in self.job.to if (address := mail_target(target)) is not None
        )

    @cached_property
    def _cc(self) -> tuple[Mailbox, ...]:
        return tuple(map(mailbox, self.job.cc))

    @property
    def _reply_to(self) -> tuple[Mailbox, ...]:
        return (mailbox(self.job.reply_to),) if self.job.reply_to else ()

    def _content(self, *, utf8: bool) -> bytes:
        lines = [headers.folded(name, value) for name, value in self._header(utf8=utf8) if value]
        head = "".join(f"{line}\r\n" for line in lines).encode("utf-8" if utf8 else "ascii")
        return head + self._body()

    def _header(self, *, utf8: bool) -> Iterator[tuple[str, str]]:
        job = self.job
        yield "Date", format_datetime(self.date)
        yield "From", headers.mailboxes([_wired(self.sender, utf8=utf8)], utf8=utf8)
        yield "Reply-To", headers.mailboxes(_wirable(self._reply_to, utf8=utf8), utf8=utf8)
        to = headers.mailboxes(_wirable(self._to, utf8=utf8), utf8=utf8)
        yield "To", to or "undisclosed-recipients:;"
        yield "Cc", headers.mailboxes(_wirable(self._cc, utf8=utf8), utf8=utf8)
        yield "Subject", headers.text(job.subject, utf8=utf8)
        yield "Message-ID", self.message_id
        for name, value in job.headers.items():
            yield name, headers.text(value, utf8=utf8)

    def _body(self) -> bytes:
        if self.job.html is None and not self.attachments and _is_plain(self.job.text or ""):
            return PLAIN_BODY + "\r\n".join([*(self.job.text or "").splitlines(), ""]).encode("ascii")
        return self._parts().as_bytes(policy=POLICY)

    def _parts(self) -> EmailMessage:
        body = EmailMessage(policy=POLICY)
        if self.job.text is not None:
            body.set_content(self.job.text)
        if self.job.html is not None and self.job.text is not None:
            body.add_alternative(self.job.html, subtype="html")
        elif self.job.html is not None:
            body.set_content(self.job.html, subtype="html")
        for one in self.attachments:
            maintype, _, subtype = one.content_type.partition("/")
            body.add_attachment(one.content, maintype=maintype, subtype=subtype, filename=one.name)
        return body


def wire_address(address: str, *, utf8: bool) -> str:
    """The address as a server takes it. Raises ValueError if that needs SMTPUTF8, or if the domain cannot be."""
    if utf8 or address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("the mail server takes no addresses beyond ASCII (it does not offer SMTPUTF8)")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise ValueError(f"{domain} is no domain (IDNA): {error}") from None


def _is_plain(text: str) -> bool:
    """Whether the text can be sent as it is: ASCII, in lines that are short enough, and no control characters."""
    return bool(_PLAIN.fullmatch(text)) and max(map(len, text.split("\n"))) <= headers.FOLD_AT


def _is_ascii(address: str) -> bool:
    """Whether its local part is; a domain can be written in ASCII in any case."""
    return address.rpartition("@")[0].isascii()


def _wired(one: Mailbox, *, utf8: bool) -> Mailbox:
    return replace(one, address=wire_address(one.address, utf8=utf8))


def _wirable(them: Iterable[Mailbox], *, utf8: bool) -> Iterator[Mailbox]:
    for one in them:
        try:
            yield _wired(one, utf8=utf8)
        except ValueError:
            continue
