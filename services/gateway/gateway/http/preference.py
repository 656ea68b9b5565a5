"""The `Prefer` header (RFC 7240): how long a client would wait for its job to end."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.request import parse_http_list

LONGEST_WAIT = 60
"""Seconds; who wants to wait longer waits that long."""

_PREFERENCE = re.compile(
    r"""\s*(?P<name>wait|respond-async)\s*
    (?:=\s*(?P<quote>"?)(?P<value>[0-9]*)(?P=quote)\s*)?
    (?:;.*)?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Preference:
    """What a request prefers. wait: seconds, or None if it does not want to; respond_async: it would rather not."""

    wait: int | None
    respond_async: bool

    def applied(self, *, answered_async: bool) -> dict[str, str]:
        """The header that says which preferences were honoured; none if there were none."""
        honoured = ["respond-async"] if self.respond_async and answered_async else []
        if self.wait is not None:
            honoured.append(f"wait={self.wait}")
        return {"Preference-Applied": ", ".join(honoured)} if honoured else {}


def preference(values: Iterable[str]) -> Preference:
    """Read the values of all `Prefer` headers.

    A preference is advice: what is unknown or cannot be read is as if it were not there. Of several, the first counts.
    """
    found: dict[str, str] = {}
    for name, value in _readable(values):
        found.setdefault(name, value)
    wait = found.get("wait")
    seconds = None if wait is None else min(int(wait[:18]), LONGEST_WAIT)
    return Preference(seconds, respond_async="respond-async" in found)


def _readable(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    for item in (item for value in values for item in parse_http_list(value)):
        match = _PREFERENCE.fullmatch(item)
        if match is None:
            continue
        name, value = match["name"].lower(), match["value"] or ""
        # A wait needs its seconds, and respond-async has no value (an empty one is none).
        if bool(value) == (name == "wait"):
            yield name, value
