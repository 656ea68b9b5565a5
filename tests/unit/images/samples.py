"""Images for tests, made when they are needed: good ones, broken ones, and ones that were made to do harm."""

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sklearn
from PIL import Image

PHOTO = Path(sklearn.__file__).parent / "datasets" / "images" / "china.jpg"
"""A photograph of 640 × 427 pixels that scikit-learn ships."""


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - options of Pillow's encoders
    """The image as a file of this format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(mode: str = "RGB", size: tuple[int, int] = (32, 16)) -> Image.Image:
    """Something that is not all the same."""
    gradient = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", [gradient, gradient.rotate(180), gradient.rotate(90)]).convert(mode)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """PNG, third edition, section 5.3."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, before_data: Iterable[bytes] = ()) -> bytes:
    """A PNG in grey that claims to be so large; its data are all zero and may be too few."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = zlib.compress(bytes(min(height * (width + 1), 100_000_000)), 9)
    parts = [header, *before_data, png_chunk(b"IDAT", rows), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff_directory(entries: Iterable[tuple[int, int, int, int]], *, at: int, next_at: int = 0) -> bytes:
    """A directory of TIFF 6.0, little-endian, whose entries are (tag, type, count, value or offset)."""
    packed = [struct.pack("<HHII", *entry) for entry in entries]
    return struct.pack("<H", len(packed)) + b"".join(packed) + struct.pack("<I", next_at)


def exif(
    tags: dict[int, Any], gps: dict[int, Any] | None = None, camera: dict[int, Any] | None = None
) -> bytes:
    """A block of EXIF data. gps, camera: its inner directories."""
    block = Image.Exif()
    for number, value in tags.items():
        block[number] = value
    if gps is not None:
        block.get_ifd(0x8825).update(gps)
    if camera is not None:
        block.get_ifd(0x8769).update(camera)
    return block.tobytes()
