"""Which format a file has, told from its first bytes alone, and what to say of those that are not read here."""

from dataclasses import dataclass

from afterwork.errors import InputInvalid

ENOUGH = 512
"""Bytes from the beginning of a file that are looked at."""


@dataclass(frozen=True, slots=True)
class Format:
    """name: Pillow's. suffixes: of the names that such files usually have."""

    name: str
    content_type: str
    suffixes: tuple[str, ...]


AVIF = Format("AVIF", "image/avif", (".avif",))
BMP = Format("BMP", "image/bmp", (".bmp", ".dib"))
GIF = Format("GIF", "image/gif", (".gif",))
JPEG = Format("JPEG", "image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"))
PNG = Format("PNG", "image/png", (".png", ".apng"))
TIFF = Format("TIFF", "image/tiff", (".tif", ".tiff"))
WEBP = Format("WEBP", "image/webp", (".webp",))

FORMATS = (AVIF, BMP, GIF, JPEG, PNG, TIFF, WEBP)
"""Decoders of other formats are never called: each is a way in for whoever made the file."""

_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"II+\0": TIFF,
    b"MM\0+": TIFF,
    b"BM": BMP,
}
_OTHERS = {
    b"%PDF": "a PDF",
    b"%!PS": "PostScript",
    b"8BPS": "a Photoshop file",
    b"\0\0\1\0": "an icon",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"PK\3\4": "a ZIP archive",
}
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1")


def format_of(beginning: bytes) -> Format:
    """The format of a file that begins so. Raises InputInvalid, with what it seems to be, if it is not read here."""
    for signature, known in _BEGINNINGS.items():
        if beginning.startswith(signature):
            return known
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return WEBP
    if beginning[4:8] == b"ftyp" and _has_brand(beginning, _AVIF_BRANDS):
        return AVIF
    names = ", ".join(known.name for known in FORMATS)
    raise InputInvalid(f"the object {_seems(beginning)}; images that are read here: {names}")


def _seems(beginning: bytes) -> str:
    if not beginning:
        return "is empty"
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "is SVG, a drawing and not pixels"
    if beginning[4:8] == b"ftyp" and _has_brand(beginning, _HEIC_BRANDS):
        return "is HEIC"
    for signature, name in _OTHERS.items():
        if beginning.startswith(signature):
            return f"is {name}"
    return "is no image of a known format"


def _has_brand(beginning: bytes, brands: tuple[bytes, ...]) -> bool:
    """Whether a `ftyp` box (ISO/IEC 14496-12) names one of the brands."""
    size = int.from_bytes(beginning[:4], "big")
    named = {beginning[8:12], *(beginning[at : at + 4] for at in range(16, min(size, len(beginning)), 4))}
    return any(brand in named for brand in brands)
