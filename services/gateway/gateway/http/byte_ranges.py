"""The `Range` of a request (RFC 9110, section 14), as far as one range of bytes is asked for."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From byte `start` to before byte `end` of `size`. is_satisfiable: whether there are such bytes."""

    start: int
    end: int
    size: int

    @property
    def is_satisfiable(self) -> bool:
        """Whether there are such bytes."""
        return self.start < min(self.end, self.size)

    @property
    def content_range(self) -> str:
        """What `Content-Range` says of it."""
        if not self.is_satisfiable:
            return f"bytes */{self.size}"
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def byte_range(value: str | None, size: int) -> ByteRange | None:
    """The range that is asked for; None if none is, or in a way that is to be ignored (several, other units)."""
    match = None if value is None else _RANGE.fullmatch(value)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return ByteRange(max(0, size - int(last)), size, size)
    if last and int(last) < int(first):
        return None
    end = min(int(last) + 1, size) if last else size
    return ByteRange(int(first), end, size)
