"""What EXIF says, as JSON: by the names of its tags, in bounded size, without the location."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, TAGS
from pydantic import JsonValue

from afterwork.contracts.images import ImageLocation
from processor.images import tiff

MAX_TAGS = 200
MAX_TEXT = 500
MAX_VALUES = 16
MAX_BLOCK = 4 * 1024 * 1024
"""Bytes of EXIF data that are read at all; cameras write some kilobytes, their thumbnail included."""

_LEFT_OUT = frozenset(
    {
        *(
            "GPSInfo",
            "ExifOffset",
            "SubIFDs",
            "ExifInteroperabilityOffset",
            "MakerNote",
            "JpgFromRaw",
            "PrintImageMatching",
        ),
        *("StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts", "JPEGTables", "ColorMap"),
        *("JpegIFOffset", "JpegIFByteCount", "InterColorProfile", "XMLPacket", "ImageResources", "IPTCNAA"),
        *("ImageWidth", "ImageLength"),
    }
)
"""Where it was taken, what is no statement but the image's own data, and makers' private notes."""
_PREFIXES = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", b"\0" * 8)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

Tags = Mapping[int, Any]
"""What Pillow has read: number of a tag → text, bytes, numbers, fractions or tuples of them."""


def is_readable(image: Image.Image) -> bool:
    """Whether its EXIF data can be read without harm, as far as they are a block of their own."""
    block = image.info.get("exif", b"")
    if not isinstance(block, bytes) or len(block) > MAX_BLOCK:
        return False
    data = block.removeprefix(b"Exif\0\0")
    try:
        for directory in tiff.directories(data):
            tiff.refuse_overlaps(directory, len(data))
    except Exception:  # noqa: BLE001 - damaged: there is no need to know how
        return False
    return True


def statements(image: Image.Image) -> dict[str, JsonValue]:
    """Name → value of each tag that has a name and a value which fits into JSON. Pillow may raise anything."""
    exif = image.getexif()
    found: dict[str, JsonValue] = {}
    for tags in (exif, exif.get_ifd(IFD.Exif)):
        for number, value in tags.items():
            name = TAGS.get(number)
            told = None if name is None or name in _LEFT_OUT else _as_json(value)
            if name is not None and told is not None and len(found) < MAX_TAGS:
                found[name] = told
    return found


def location(image: Image.Image) -> ImageLocation | None:
    """Where it was taken, if it says so and that is a place. Pillow may raise anything."""
    gps: Tags = image.getexif().get_ifd(IFD.GPSInfo)
    latitude = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), south_or_west="S")
    longitude = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), south_or_west="W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    altitude = number(gps.get(GPS.GPSAltitude))
    if altitude is not None and gps.get(GPS.GPSAltitudeRef) in {b"\1", 1}:
        altitude = -altitude
    return ImageLocation(latitude=latitude, longitude=longitude, altitude=altitude)


def _degrees(value: Any, reference: Any, *, south_or_west: str) -> float | None:  # noqa: ANN401 - see Tags
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    parts = [number(part) for part in value]
    if None in parts:
        return None
    degrees: float = sum(part / 60.0**power for power, part in enumerate(parts) if part is not None)
    is_negative = isinstance(reference, str) and reference.strip("\0 ").upper() == south_or_west
    return round(-degrees if is_negative else degrees, 7)


def _as_json(value: Any) -> JsonValue:  # noqa: ANN401 - see Tags
    match value:
        case str():
            return _text(value)
        case bytes():
            return _text_of(value)
        case tuple() | list() if len(value) <= MAX_VALUES:
            return _list(value)
        case _:
            found = number(value)
            return int(found) if found is not None and isinstance(value, int) else found


def _list(values: Iterable[Any]) -> JsonValue:
    told = [_as_json(value) for value in values]
    return None if None in told else told


def _text(value: str) -> str | None:
    return _CONTROL.sub("", value)[:MAX_TEXT].strip() or None


def _text_of(value: bytes) -> str | None:
    """Bytes that are readable: EXIF keeps some texts so, a few with their encoding before them."""
    if value.startswith(b"UNICODE\0"):
        return _text(value[8:].decode("utf-16", "replace"))
    for prefix in _PREFIXES:
        value = value.removeprefix(prefix)
    stripped = value.rstrip(b"\0 ")
    return _text(stripped.decode()) if stripped.isascii() and stripped.decode().isprintable() else None


def number(value: Any) -> float | None:  # noqa: ANN401 - see Tags
    """The number that Pillow means, if it is one: fractions may be 0/0, and formats say what they like."""
    try:
        found = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None
