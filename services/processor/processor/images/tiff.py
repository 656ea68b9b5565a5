"""Directories of TIFF 6.0, which TIFF files and EXIF data are made of: read as far as needed to refuse bombs."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from afterwork.errors import InputInvalid

_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Type of a value → its bytes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How directories look, in classic TIFF or in BigTIFF: format of the count, of an entry, of an offset."""

    count: str
    entry: str
    offset: str
    first: int


@dataclass(frozen=True, slots=True)
class Directory:
    """sizes: the bytes of each of its values."""

    sizes: list[int]


def directories(data: bytes) -> Iterator[Directory]:
    """One after another, each once. Raises struct.error where the data end too early."""
    layout = _layout(data)
    if layout is None:
        return
    seen: set[int] = set()
    at = _one(layout.offset, data, layout.first)
    while at and at not in seen:
        seen.add(at)
        count = _one(layout.count, data, at)
        begin = at + struct.calcsize(layout.count)
        width = struct.calcsize(layout.entry)
        end = begin + count * width
        next_at = _one(layout.offset, data, end)
        entries = struct.iter_unpack(layout.entry, data[begin:end])
        yield Directory([_SIZES.get(kind, 0) * number for _, kind, number in entries])
        at = next_at


def refuse_overlaps(directory: Directory, available: int) -> None:
    """Raise InputInvalid if the values are larger than the data they are in: they are laid over each other.

    A reader copies each one; a few kilobytes can be made to fill gigabytes. Values that lie outside are not read.
    """
    if sum(size for size in directory.sizes if size <= available) > 2 * available:
        raise InputInvalid("the image's directory claims more data than there are")


def _layout(data: bytes) -> Layout | None:
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    if struct.unpack_from(f"{order}H", data, 2)[0] == 43:
        return Layout(f"{order}Q", f"{order}HHQ8x", f"{order}Q", 8)
    return Layout(f"{order}H", f"{order}HHI4x", f"{order}I", 4)


def _one(layout: str, data: bytes, at: int) -> int:
    value: int = struct.unpack_from(layout, data, at)[0]
    return value
