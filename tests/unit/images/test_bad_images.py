"""What is no image that can be decoded is refused with a sentence, and quickly."""

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.unit.images.samples import PHOTO, encoded, picture, png, png_chunk, tiff_directory

from afterwork.contracts.images import USUAL_FEATURES, ImageFeature, ImageFindings
from afterwork.errors import InputInvalid
from processor.images.analysis import analyze
from processor.images.limits import MAX_FRAMES, MAX_PARTS

QUICKLY = 20.0
"""Seconds, on a machine with much else to do; without a limit these take minutes, or all memory."""


def findings(
    content: bytes, folder: Path, features: tuple[ImageFeature, ...] = USUAL_FEATURES
) -> ImageFindings:
    path = folder / "image"
    path.write_bytes(content)
    return analyze(path, features)


SVG = b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(b"", "the object is empty", id="nothing"),
        pytest.param(b"dear reader,\n", "no image of a known format", id="text"),
        pytest.param(b"<html><body>", "no image of a known format", id="html"),
        pytest.param(SVG, "is SVG", id="svg"),
        pytest.param(b"\xef\xbb\xbf\n <svg>", "is SVG", id="svg with a mark"),
        pytest.param(b"%PDF-1.7\n", "is a PDF", id="pdf"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is PostScript", id="eps"),
        pytest.param(b"PK\3\4" + bytes(30), "is a ZIP archive", id="zip"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC", id="heic"),
        pytest.param(b"\0\0\0\x0cjP  \r\n\x87\n", "is JPEG 2000", id="jpeg 2000"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "the PNG is truncated", id="png without all"),
        pytest.param(b"\xff\xd8\xff", "JPEG", id="jpeg without all"),
        pytest.param(b"GIF89a", "GIF", id="gif without all"),
        pytest.param(b"II*\0\xff\xff\xff\xff", "TIFF", id="tiff without all"),
        pytest.param(b"RIFF\x04\0\0\0WEBP", "WEBP", id="webp without all"),
        pytest.param(b"BM" + bytes(60), "BMP", id="bmp without all"),
        pytest.param(b"\0\0\0\x10ftypavif\0\0\0\0", "AVIF", id="avif without all"),
    ],
)
def test_what_is_no_image_is_refused_by_what_it_seems_to_be(
    content: bytes, fault: str, tmp_path: Path
) -> None:
    with pytest.raises(InputInvalid, match=fault) as refused:
        findings(content, tmp_path)

    assert str(tmp_path) not in refused.value.detail


@pytest.mark.parametrize("features", [USUAL_FEATURES, (ImageFeature.METADATA,)], ids=["usual", "metadata"])
@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_image_is_refused_whatever_is_asked(
    kind: str, share: float, features: tuple[ImageFeature, ...], tmp_path: Path
) -> None:
    content = encoded(Image.open(PHOTO).resize((128, 96)), kind)

    with pytest.raises(InputInvalid, match=kind):
        findings(content[: int(len(content) * share)], tmp_path, features)


@pytest.mark.parametrize("features", [USUAL_FEATURES, (ImageFeature.METADATA,)], ids=["usual", "metadata"])
@pytest.mark.parametrize(("kind", "cuts"), [("PNG", range(1, 21)), ("GIF", range(1, 4))])
def test_an_image_whose_end_is_cut_off_is_refused(
    kind: str, cuts: range, features: tuple[ImageFeature, ...], tmp_path: Path
) -> None:
    content = encoded(picture(), kind)

    for cut in cuts:
        with pytest.raises(InputInvalid, match=f"the {kind} is truncated"):
            findings(content[:-cut], tmp_path, features)


@pytest.mark.parametrize("chunk", [b"IHDR", b"tEXt", b"IDAT", b"IEND"])
def test_a_png_with_a_wrong_check_sum_is_refused(chunk: bytes, tmp_path: Path) -> None:
    content = bytearray(png(8, 8, before_data=[png_chunk(b"tEXt", b"a\0b")]))
    at = content.index(chunk)
    (length,) = struct.unpack_from(">I", content, at - 4)
    content[at + 4 + length] ^= 1

    with pytest.raises(InputInvalid, match=f"damaged: check sum of chunk {chunk.decode()}"):
        findings(bytes(content), tmp_path)


def test_a_gif_with_what_is_no_block_is_refused(tmp_path: Path) -> None:
    content = encoded(picture(), "GIF")

    with pytest.raises(InputInvalid, match="GIF is damaged: no block begins with byte 7"):
        findings(content[:-1] + b"\x07;", tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_what_follows_the_end_of_an_image_does_no_harm(kind: str, tmp_path: Path) -> None:
    found = findings(encoded(picture(), kind) + b"PK\3\4 and more", tmp_path)

    assert found.metadata is not None


def test_a_gif_may_have_an_empty_sub_block_too_many(tmp_path: Path) -> None:
    found = findings(encoded(picture(), "GIF")[:-1] + b"\0;", tmp_path)

    assert found.metadata is not None


def gif_of(frames: int) -> bytes:
    """As many pictures of one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * frames + b";"


def jpeg_of_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan is there so often."""
    content = encoded(picture(), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * scans + b"\xff\xd9"


def webp_canvas() -> bytes:
    size = (16_383).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff_chain(directories: int) -> bytes:
    """So many directories, each leading to the next."""
    parts = [b"II*\0" + struct.pack("<I", 8)]
    for number in range(directories):
        at = 8 + 18 * number
        parts.append(tiff_directory([(256, 4, 1, 1)], at=at, next_at=at + 18))
    return b"".join(parts) + bytes(6)


def tiff_overlap() -> bytes:
    """A hundred values that are all of the same megabyte."""
    entries = [(60_000 + number, 7, 1_000_000, 8) for number in range(100)]
    return b"II*\0" + struct.pack("<I", 1_000_008) + bytes(1_000_000) + tiff_directory(entries, at=1_000_008)


def text_bomb(kind: bytes) -> bytes:
    inflated = zlib.compress(bytes(50_000_000), 9)
    head = {b"zTXt": b"x\0\0", b"iTXt": b"x\0\1\0\0\0", b"iCCP": b"x\0\0"}[kind]
    return png(8, 8, before_data=[png_chunk(kind, head + inflated)])


def many_texts() -> bytes:
    inflated = png_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_000_000), 9))
    return png(8, 8, before_data=[inflated] * 50)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "png of 400 megapixels": (lambda: png(20_000, 20_000), "20,000 × 20,000 pixels"),
    "png just over the limit": (lambda: png(8_001, 8_000), "8,001 × 8,000 pixels"),
    "png of 2^31 in a square": (lambda: png(2**31 - 1, 2**31 - 1), "2,147,483,647 × 2,147,483,647 pixels"),
    "gif screen": (
        lambda: b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";",
        "65,535 × 65,535",
    ),
    "gif of many pictures": (lambda: gif_of(MAX_FRAMES + 1), "more than 10,000 pictures"),
    "tiff of many pictures": (lambda: tiff_chain(MAX_FRAMES + 1), "more than 10,000 pictures"),
    "tiff of overlapping values": (tiff_overlap, "claims more data"),
    "jpeg of many scans": (lambda: jpeg_of_scans(501), "more than 500 scans"),
    "webp canvas": (webp_canvas, "16,384 × 16,384 pixels"),
    "png of many chunks": (
        lambda: png(8, 8, before_data=[png_chunk(b"abCd", b"") * MAX_PARTS]),
        "more than 200,000 parts",
    ),
    "zTXt": (lambda: text_bomb(b"zTXt"), "PNG cannot be read: Decompressed data too large"),
    "iTXt": (lambda: text_bomb(b"iTXt"), "PNG cannot be read: Decompressed data too large"),
    "iCCP": (lambda: text_bomb(b"iCCP"), "PNG cannot be read: Decompressed data too large"),
    "many texts": (many_texts, "PNG cannot be read: Too much memory"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(name: str, tmp_path: Path) -> None:
    make, fault = BOMBS[name]
    content = make()

    began = time.monotonic()
    with pytest.raises(InputInvalid, match=fault):
        findings(content, tmp_path)

    assert time.monotonic() - began < QUICKLY


def test_an_image_of_just_the_largest_size_is_decoded(tmp_path: Path) -> None:
    found = findings(png(8_000, 8_000), tmp_path, (ImageFeature.METADATA,))

    assert found.metadata is not None
    assert (found.metadata.width, found.metadata.height) == (8_000, 8_000)


def test_a_directory_that_leads_to_itself_has_an_end(tmp_path: Path) -> None:
    file = io.BytesIO(encoded(picture(), "TIFF"))
    file.seek(4)
    at = struct.unpack("<I", file.read(4))[0]
    file.seek(at)
    count = struct.unpack("<H", file.read(2))[0]
    file.seek(at + 2 + 12 * count)
    file.write(struct.pack("<I", at))

    found = findings(file.getvalue(), tmp_path)

    assert found.metadata is not None
    assert found.metadata.frames == 1
