"""How an image file is put together, before any decoder sees it: where the image ends, how large and how many it is.

Only what the formats say of their outermost parts is read. What is not understood is left to the decoder to refuse;
what would cost too much is refused here.
"""

import re
import struct
import zlib
from collections.abc import Callable

from afterwork.errors import InputInvalid
from processor.images import tiff
from processor.images.limits import Structure, refuse_large
from processor.images.signatures import Format

_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def structure_of(data: bytes, kind: Format) -> Structure:
    """Walk over the file. Raises InputInvalid for one that is too large, or made of too many parts.

    So it does for a truncated or damaged PNG or GIF, of which decoders are content with the pixels.
    """
    found = Structure()
    try:
        _WALKS[kind.name](data, found)
    except (IndexError, struct.error):  # it ends in the middle
        if kind.name in _WITH_END_MARK:
            raise InputInvalid(f"the {kind.name} is truncated") from None
        found.end = None  # the decoder will say so
    return found


def _png(data: bytes, found: Structure) -> None:
    """PNG, third edition, section 5: chunks of length, type, data and check sum."""
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        found.part()
        if kind == b"IHDR":
            refuse_large(*struct.unpack_from(">II", data, at + 8))
        _check_sum(data, at, length)
        at += length + 12
        if kind == b"IEND":
            found.end = at
            return


def _check_sum(data: bytes, at: int, length: int) -> None:
    """Of a chunk's type and data. Raises InputInvalid if it is another."""
    (wanted,) = struct.unpack_from(">I", data, at + 8 + length)
    if zlib.crc32(memoryview(data)[at + 4 : at + 8 + length]) != wanted:
        name = data[at + 4 : at + 8]
        place = f"chunk {name.decode()}" if name.isalpha() else f"the chunk at byte {at:,}"
        raise InputInvalid(f"the PNG is damaged: check sum of {place}")


def _jpeg(data: bytes, found: Structure) -> None:
    """ITU-T T.81, annex B: markers, most of them with a length; a scan's data follow it up to the next marker."""
    at = 2
    while True:
        marker = data[at + 1]
        if data[at] != 0xFF:
            return
        found.part()
        if marker == 0xD9:
            found.end = at + 2
            return
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", data, at + 5)
            refuse_large(width, height)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:
            found.scan()
            after = _AFTER_SCAN.search(data, at)
            if after is None:
                return
            at = after.start()


def _gif(data: bytes, found: Structure) -> None:
    """GIF89a, sections 17 to 27: blocks that hold sub-blocks."""
    refuse_large(*struct.unpack_from("<HH", data, 6))
    at = 13 + _color_table(data[10])
    while data[at] != 0x3B:
        found.part()
        if data[at] == 0x2C:
            found.frame()
            refuse_large(*struct.unpack_from("<HH", data, at + 5))
            at += 11 + _color_table(data[at + 9])
        elif data[at] == 0x21:
            at += 2
        elif data[at] == 0:  # an empty sub-block too many, which decoders pass over
            at += 1
            continue
        else:
            raise InputInvalid(f"the GIF is damaged: no block begins with byte {data[at]}")
        at = _after_sub_blocks(data, at)
    found.end = at + 1


def _color_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1


def _webp(data: bytes, found: Structure) -> None:
    """RFC 9649: a RIFF whose chunks are padded to even sizes. The canvas comes first."""
    size = 8 + struct.unpack_from("<I", data, 4)[0]
    found.end = size if size <= len(data) else None
    at = 12
    while at + 8 <= min(size, len(data)):
        kind, length = struct.unpack_from("<4sI", data, at)
        found.part()
        if kind in _WEBP_SIZES:
            refuse_large(*_WEBP_SIZES[kind](data, at + 8))
        if kind == b"ANMF":
            found.frame()
        at += 8 + length + length % 2


def _vp8x_size(data: bytes, at: int) -> tuple[int, int]:
    size = data[at + 4 : at + 10]
    return int.from_bytes(size[:3], "little") + 1, int.from_bytes(size[3:], "little") + 1


def _vp8l_size(data: bytes, at: int) -> tuple[int, int]:
    bits: int = struct.unpack_from("<I", data, at + 1)[0]
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _vp8_size(data: bytes, at: int) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, at + 6)
    return width & 0x3FFF, height & 0x3FFF


_WEBP_SIZES: dict[bytes, Callable[[bytes, int], tuple[int, int]]] = {
    b"VP8X": _vp8x_size,
    b"VP8L": _vp8l_size,
    b"VP8 ": _vp8_size,
}


def _bmp(data: bytes, found: Structure) -> None:
    size = struct.unpack_from("<I", data, 2)[0]
    found.end = size if 26 <= size <= len(data) else None


def _tiff(data: bytes, found: Structure) -> None:
    for directory in tiff.directories(data):
        found.frame()
        tiff.refuse_overlaps(directory, len(data))


def _avif(data: bytes, found: Structure) -> None:
    """ISO/IEC 14496-12, section 4.2: boxes; one of size 0 goes on to the end."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.part()
        if size == 1:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        if kind not in _AVIF_BOXES or (size and not 8 <= size <= len(data) - at):
            return
        at = at + size if size else len(data)
        found.end = at


_AVIF_BOXES = {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"styp", b"sidx", b"moof"}
_WITH_END_MARK = {"GIF", "PNG"}
_WALKS: dict[str, Callable[[bytes, Structure], None]] = {
    "AVIF": _avif,
    "BMP": _bmp,
    "GIF": _gif,
    "JPEG": _jpeg,
    "PNG": _png,
    "TIFF": _tiff,
    "WEBP": _webp,
}
