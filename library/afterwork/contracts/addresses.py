"""How recipients are named in payloads: mailboxes of e-mail, `mailto:` and `https:` targets."""

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field

MAX_ADDRESS, MAX_LOCAL_PART, MAX_LABEL = 254, 64, 63
"""RFC 5321 4.5.3.1 (with its erratum 1690) and RFC 1035 2.3.4, in bytes; a label in characters."""
MAX_URL = 2000

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_\u00a1-\U0010ffff-]+(?<!-)")
_MAILBOX = re.compile(r"\s*(?:\"(?P<quoted>[^\"\\<>]*)\"|(?P<name>[^\"\\<>@]*))\s*<(?P<address>[^<>]*)>\s*")
_UNFIT_IN_URL = re.compile(r"[\s\\<>\"{}|^`\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody who gets or sends mail. name: for people, may be empty."""

    address: str
    name: str = ""


def checked_address(text: str) -> str:
    """The address itself: `local@domain`, dot-atoms as in RFC 5322, letters of any script (RFC 6532).

    Raises ValueError. Quoted local parts and address literals are not taken, nor is anything that could end a line.
    """
    local, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or not _LOCAL_PART.fullmatch(local) or not _is_domain(domain):
        raise ValueError("is no e-mail address such as ada@example.com")
    if len(local.encode()) > MAX_LOCAL_PART or len(text.encode()) > MAX_ADDRESS:
        raise ValueError(f"is longer than an e-mail address may be ({MAX_LOCAL_PART} bytes before the @)")
    return text


def mailbox(text: str) -> Mailbox:
    """Read `ada@example.com` or `Ada Lovelace <ada@example.com>`. Raises ValueError."""
    found = _MAILBOX.fullmatch(text)
    if not found:
        return Mailbox(checked_address(text))
    name = (found["quoted"] or found["name"] or "").strip()
    if not name.isprintable():
        raise ValueError("has a name with control characters")
    return Mailbox(checked_address(found["address"]), name)


def mail_target(target: str) -> str | None:
    """The address in a `mailto:` target (RFC 6068), None for a target of another kind. Raises ValueError."""
    scheme, _, rest = target.partition(":")
    if scheme.lower() != "mailto":
        return None
    if "?" in rest:
        raise ValueError("is a mailto: target with header fields; give them as fields of the notification")
    return checked_address(unquote(rest, errors="strict"))


def _is_domain(domain: str) -> bool:
    return all(_LABEL.fullmatch(label) and len(label) <= MAX_LABEL for label in domain.split("."))


def _checked_mailbox(text: str) -> str:
    mailbox(text)
    return text


def _checked_target(target: str) -> str:
    if mail_target(target) is None:
        _check_url(target)
    return target


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or _UNFIT_IN_URL.search(url):
        raise ValueError("is neither a mailto: address nor an https: address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user name or password in its address")
    if parts.fragment:
        raise ValueError("has a fragment (#), which is never sent")
    if ":" not in parts.hostname and not all(map(_may_be_label, parts.hostname.removesuffix(".").split("."))):
        raise ValueError("has a host that is no host name")
    _ = parts.port  # raises ValueError for what is no port


def _may_be_label(label: str) -> bool:
    """What no resolver takes is no label; whether a script's letters go together is not known here."""
    if not label.startswith("xn--"):
        return 0 < len(label) <= MAX_LABEL
    try:
        return len(label) <= MAX_LABEL and not label[4:].encode("ascii").decode("punycode").isascii()
    except UnicodeError:
        return False


MailboxText = Annotated[
    str,
    Field(min_length=3, max_length=500, examples=["Ada Lovelace <ada@example.com>"]),
    AfterValidator(_checked_mailbox),
]
"""`ada@example.com` or `Ada Lovelace <ada@example.com>`."""
Target = Annotated[
    str,
    Field(min_length=3, max_length=MAX_URL, examples=["mailto:ada@example.com", "https://example.com/hook"]),
    AfterValidator(_checked_target),
]
"""Where a notification goes: `mailto:ada@example.com` or `https://example.com/hook`."""
