"""The notifier: its queue, what it can be asked to send, and what it says of what it has sent."""

import binascii
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from afterwork.contracts.addresses import MailboxText, Target
from afterwork.contracts.base import Contract, Frozen
from afterwork.contracts.objects import ObjectName
from afterwork.contracts.service import Service

service = Service(name="notifier", queue="notifier", module="notifier")

MAX_TARGETS = 1000
MAX_INLINE = 512 * 1024
"""Bytes of all attachments that a job carries itself."""

_RESERVED = re.compile(
    r"(from|sender|to|cc|bcc|reply-to|subject|date|message-id|mime-version|received|return-path|x-envelope-.*"
    r"|content-.*|resent-.*|dkim-.*|arc-.*|authentication-results)",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("has control characters, such as an end of line")
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("has a NUL character, which mail cannot carry")
    return text


def _checked_headers(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if _RESERVED.fullmatch(name):
            raise ValueError(f"{name} is set by Afterwork")
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("the same header is named twice")
    return headers


def _checked_base64(text: str) -> str:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise ValueError(f"is no base64 (RFC 4648): {error}") from None
    return text


def _checked_media_type(text: str) -> str:
    if text.lower().startswith(("multipart/", "message/")):
        raise ValueError("is made of parts; attach it as application/octet-stream")
    return text


Line = Annotated[str, StringConstraints(max_length=900), AfterValidator(_one_line)]
Body = Annotated[str, AfterValidator(_without_nul)]
HeaderName = Annotated[str, StringConstraints(max_length=70, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]
FileName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f\x7f-\x9f]+$")
]
MediaType = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$"),
    AfterValidator(_checked_media_type),
]


class ObjectAttachment(Frozen):
    """An object that is attached; name and content_type by default as they are in its store."""

    object: ObjectName
    name: FileName | None = None
    content_type: MediaType | None = None


class InlineAttachment(Frozen):
    """An attachment that the job itself carries."""

    name: FileName
    content_type: MediaType = "application/octet-stream"
    base64: Annotated[str, AfterValidator(_checked_base64)]

    @property
    def content(self) -> bytes:
        """The decoded bytes."""
        return binascii.a2b_base64(self.base64)


def _form(attachment: Any) -> str:  # noqa: ANN401 - JSON or a model
    if isinstance(attachment, dict):
        return "object" if "object" in attachment else "inline"
    return "object" if isinstance(attachment, ObjectAttachment) else "inline"


Attachment = Annotated[
    Annotated[ObjectAttachment, Tag("object")] | Annotated[InlineAttachment, Tag("inline")],
    Discriminator(_form),
]
Mailboxes = Annotated[list[MailboxText], Field(max_length=MAX_TARGETS)]
Headers = Annotated[dict[HeaderName, Line], Field(max_length=50), AfterValidator(_checked_headers)]


class SendNotification(Contract, kind="notification.send", queue="notifier", max_attempts=12, timeout=300):
    """Send one message to one or more recipients.

    to: `mailto:` addresses, which together with `cc` and `bcc` get one e-mail, and `https:` addresses, which get a
    signed POST each. sender: `from` in JSON; by default the operator's. headers: further ones of the e-mail.
    """

    model_config = ConfigDict(
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_extra={
            "examples": [
                {"to": ["mailto:ada@example.com"], "subject": "Hello", "text": "Your order is on its way."}
            ]
        },
    )

    to: Annotated[list[Target], Field(min_length=1, max_length=MAX_TARGETS)]
    subject: Line = ""
    text: Body | None = None
    html: Body | None = None
    sender: Annotated[MailboxText | None, Field(alias="from")] = None
    reply_to: MailboxText | None = None
    cc: Mailboxes = []  # noqa: RUF012 - pydantic copies it for each model
    bcc: Mailboxes = []  # noqa: RUF012 - the same
    headers: Headers = {}  # noqa: RUF012 - the same
    attachments: Annotated[list[Attachment], Field(max_length=50)] = []  # noqa: RUF012 - the same

    @model_validator(mode="after")
    def _says_something_within_limits(self) -> Self:
        if self.text is None and self.html is None:
            raise ValueError("give text, html or both")
        if len(self.to) + len(self.cc) + len(self.bcc) > MAX_TARGETS:
            raise ValueError(f"to, cc and bcc together name more than {MAX_TARGETS}")
        inline = (one for one in self.attachments if isinstance(one, InlineAttachment))
        if sum(len(one.base64) // 4 * 3 for one in inline) > MAX_INLINE:
            raise ValueError("attachments in the job are larger than 512 KiB in all; store them as objects")
        return self


class TargetStatus(StrEnum):
    """What became of a target. skipped: it is named twice, and was served where it is named first."""

    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


class TargetOutcome(Frozen):
    """What became of one target.

    target: `mailto:` address, or of a web address only what is no secret. code: what the mail or web server answered,
    None if it did not. sent_at: when it took the message. message_id: under which the recipient sees it.
    """

    target: str
    status: TargetStatus
    code: int | None = None
    detail: str | None = None
    sent_at: datetime | None = None
    message_id: str | None = None


class NotificationReceipt(Frozen):
    """The proof of what was sent: the result of `notification.send`, and an object in the store `receipts`.

    targets: in the order of `to`, `cc` and `bcc`. started_at, finished_at: of the attempt that ended the job.
    receipt: the name of the object, None where there is no such store.
    """

    job_id: str
    started_at: datetime
    finished_at: datetime
    targets: list[TargetOutcome]
    receipt: ObjectName | None = None
