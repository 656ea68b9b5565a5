"""Which bytes of an object are asked for."""

from dataclasses import dataclass

from afterwork.errors import RangeNotSatisfiable
from afterwork.stores.port import ObjectInfo


@dataclass(frozen=True, slots=True)
class Span:
    """From byte `start` to before byte `end`."""

    start: int
    end: int


def span(info: ObjectInfo, start: int, end: int | None) -> Span:
    """The bytes that there are of those. Raises RangeNotSatisfiable for a start beyond the end of the object."""
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"{start} to {end} is no range")
    if start > info.size:
        raise RangeNotSatisfiable(f"{info.key} has {info.size} bytes")
    return Span(start, info.size if end is None else min(end, info.size))
