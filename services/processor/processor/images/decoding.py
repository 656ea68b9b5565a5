"""From a file of anybody's making to a decoded image, or to a sentence that says why there is none."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from PIL import Image, PngImagePlugin, UnidentifiedImageError
from PIL.ExifTags import Base

from afterwork.errors import InputInvalid
from processor.images.limits import MAX_PIXELS, Structure, refuse_large
from processor.images.signatures import ENOUGH, TIFF, Format, format_of
from processor.images.structure import structure_of

# Loaded with this module, once, and not in the child process of each image.
for _decoder in ("Avif", "Bmp", "Gif", "Jpeg", "Mpo", "Png", "Tiff", "WebP"):
    import_module(f"PIL.{_decoder}ImagePlugin")
# Pillow keeps its limits in its modules. Its own bomb check raises at twice the first.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
PngImagePlugin.MAX_TEXT_MEMORY = 4 * 1024 * 1024

_LONGEST_CAUSE = 200
_ON_ITS_SIDE = (5, 6, 7, 8)
"""Orientations of EXIF that exchange width and height."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """image: its first picture, loaded. kind: by content. size: bytes of the file.

    width, height: in pixels, as stored. orientation: of a TIFF, whose picture Pillow turns as it says.
    """

    image: Image.Image
    kind: Format
    structure: Structure
    size: int
    width: int
    height: int
    orientation: object = None


@contextmanager
def decoded(path: Path) -> Iterator[Decoded]:
    """Decode the first picture of a file. Raises InputInvalid for whatever cannot be decoded within the limits."""
    data = path.read_bytes()
    kind = format_of(data[:ENOUGH])
    structure = structure_of(data, kind)
    size = len(data)
    del data  # Pillow reads the file by itself
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged metadata, which are told in notes or left out
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with _open(path, kind) as image:
            width, height = image.size
            refuse_large(width, height)
            orientation = _load(image, kind)
            if orientation in _ON_ITS_SIDE:
                width, height = height, width
            yield Decoded(image, kind, structure, size, width, height, orientation)


def _load(image: Image.Image, kind: Format) -> object:
    """Decode the pixels; what a TIFF says of its orientation, which is lost by that."""
    try:
        orientation = image.getexif().get(Base.Orientation) if kind is TIFF else None
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # decoders raise anything on bytes that were made to hurt them
        raise InputInvalid(f"the {kind.name} cannot be decoded: {_told(error)}") from error
    return orientation


def _open(path: Path, kind: Format) -> Image.Image:
    try:
        return Image.open(path, formats=[kind.name])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputInvalid(f"the image has more than the {MAX_PIXELS:,} pixels that are decoded") from None
    except UnidentifiedImageError:
        raise InputInvalid(f"the object begins like a {kind.name}, but cannot be read as one") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders raise anything on bytes that were made to hurt them
        raise InputInvalid(f"the {kind.name} cannot be read: {_told(error)}") from error


def _told(error: Exception) -> str:
    return str(error)[:_LONGEST_CAUSE] or type(error).__name__
