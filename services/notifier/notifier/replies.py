"""What a mail or web server says of one target, and whether that is the last word."""

from dataclasses import dataclass
from enum import Enum, auto

MAX_DETAIL = 200
"""Characters of what a server says that are kept."""
OURS_TO_MEND = frozenset({530, 534, 535, 538})
"""SMTP codes of 5xx that speak of our login (RFC 4954), not of the message: the operator can mend it."""


class Verdict(Enum):
    """LATER: another attempt may help."""

    SENT = auto()
    FAILED = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """code: of SMTP or HTTP, None if there was no answer. detail: in words, one line, without secrets."""

    verdict: Verdict
    code: int | None
    detail: str


def by_smtp(code: int, text: str) -> Reply:
    """2xx: taken. 5xx: refused for good, unless it speaks of our login. Everything else: later (RFC 5321 4.2.1)."""
    if 200 <= code < 300:
        verdict = Verdict.SENT
    elif 500 <= code < 600 and code not in OURS_TO_MEND:
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.LATER
    return Reply(verdict, code if 100 <= code < 1000 else None, one_line(text))


def by_http(status: int) -> Reply:
    """2xx: taken. 408, 425, 429 and 5xx: later. Everything else, redirects too: refused for good."""
    if 200 <= status < 300:
        return Reply(Verdict.SENT, status, "taken")
    if status in {408, 425, 429} or status >= 500:
        return Reply(Verdict.LATER, status, f"answered {status}")
    if 300 <= status < 400:
        return Reply(Verdict.FAILED, status, f"answered {status}: redirects are not followed")
    return Reply(Verdict.FAILED, status, f"answered {status}")


def later(detail: str) -> Reply:
    """There was no answer."""
    return Reply(Verdict.LATER, None, one_line(detail))


def refused(detail: str) -> Reply:
    """It is not even tried."""
    return Reply(Verdict.FAILED, None, one_line(detail))


def one_line(text: str) -> str:
    """At most MAX_DETAIL characters that can be shown."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(plain.split())[:MAX_DETAIL]
