"""Write the header of an e-mail: folded as RFC 5322 wants it, and in ASCII (RFC 2047) unless it need not be."""

from collections.abc import Iterable
from email.header import Header

from afterwork.contracts.addresses import Mailbox

FOLD_AT = 78
"""Characters of a line, where it can be folded; RFC 5322 2.1.1."""
_SPECIALS = frozenset('()<>[]:;@\\,."')


def folded(name: str, value: str) -> str:
    """One header line or several, without the last line's end. Folded at spaces only, so that no word is changed."""
    lines: list[str] = []
    line = f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > FOLD_AT and line.strip() and word and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def text(value: str, *, utf8: bool) -> str:
    """A header's value of words for people: as it is, or in encoded words; so also what looks like one already."""
    if (utf8 or value.isascii()) and "=?" not in value:
        return value
    return " ".join(Header(value, "utf-8").encode().split("\n "))


def mailboxes(them: Iterable[Mailbox], *, utf8: bool) -> str:
    """The value of `From`, `To` and their like."""
    return ", ".join(_mailbox(one, utf8=utf8) for one in them)


def _mailbox(one: Mailbox, *, utf8: bool) -> str:
    if not one.name:
        return one.address
    name = text(one.name, utf8=utf8)
    if name == one.name and not _SPECIALS.isdisjoint(name):
        name = f'"{name}"'
    return f"{name} <{one.address}>"
