"""`analyze`: everything that was asked about one image file, found in the child process that runs it."""

from collections.abc import Callable
from hashlib import file_digest
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import imagehash
from PIL import Image
from pydantic import JsonValue

from afterwork.contracts.images import (
    ImageColor,
    ImageFeature,
    ImageFindings,
    ImageHash,
    ImageLocation,
    ImageMetadata,
)
from processor.images import exif
from processor.images.color import colors
from processor.images.decoding import Decoded, decoded
from processor.images.pictures import as_picture

import_module("scipy.fftpack")  # ImageHash would do it at its first call, which each child process makes anew
_PILLOW = f"Pillow {version('pillow')}"
_SOURCES = {
    ImageFeature.METADATA: _PILLOW,
    ImageFeature.COLOR: f"{_PILLOW}, median cut",
    ImageFeature.HASH: f"ImageHash {version('imagehash')}, SHA-256",
    ImageFeature.LOCATION: f"EXIF, by {_PILLOW}",
}
T = TypeVar("T")


def analyze(path: Path, features: tuple[ImageFeature, ...]) -> ImageFindings:
    """Find out about the image in a file. Raises InputInvalid for one that cannot be decoded, whatever is asked."""
    with decoded(path) as found:
        analysis = Analysis(path, found)
        parts = {feature: analysis.part(feature) for feature in features}
    present = {feature: part for feature, part in parts.items() if part is not None}
    return ImageFindings(
        content_type=found.kind.content_type,
        **{feature.value: part for feature, part in present.items()},
        sources={feature.value: _SOURCES[feature] for feature in present},
        notes=tuple(analysis.notes),
    )


class Analysis:
    """Of one decoded image. notes: what turned out to be odd about it."""

    def __init__(self, path: Path, found: Decoded) -> None:
        self.notes: list[str] = []
        self._path = path
        self._found = found
        self._image = found.image

    def part(self, feature: ImageFeature) -> ImageMetadata | ImageColor | ImageHash | ImageLocation | None:
        """What the image has of this; None if it has nothing."""
        match feature:
            case ImageFeature.METADATA:
                return self._metadata()
            case ImageFeature.COLOR:
                return self._color()
            case ImageFeature.HASH:
                return self._hash()
            case ImageFeature.LOCATION:
                return self._from_exif(exif.location, None)

    def _metadata(self) -> ImageMetadata:
        nothing: dict[str, JsonValue] = {}
        told = self._from_exif(exif.statements, nothing)
        if isinstance(self._found.orientation, int):
            told["Orientation"] = self._found.orientation
        return ImageMetadata(
            format=self._found.kind.name,
            mode=self._image.mode,
            width=self._found.width,
            height=self._found.height,
            frames=self._found.structure.frames or getattr(self._image, "n_frames", 1),
            has_transparency=self._image.has_transparency_data,
            dpi=_resolution(self._image),
            orientation=_orientation(told.get("Orientation")),
            trailing_bytes=self._trailing(),
            exif=told,
        )

    def _color(self) -> ImageColor | None:
        found = colors(as_picture(self._image))
        if found is None:
            self.notes.append("nothing of the image can be seen: it is transparent throughout")
        return found

    def _hash(self) -> ImageHash:
        grey = as_picture(self._image).convert("L")
        with self._path.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
        return ImageHash(sha256=digest, phash=str(imagehash.phash(grey)), dhash=str(imagehash.dhash(grey)))

    def _trailing(self) -> int | None:
        end = self._found.structure.end
        return None if end is None or self._image.format == "MPO" else self._found.size - end

    def _from_exif(self, read: Callable[[Image.Image], T], otherwise: T) -> T:
        """Damaged EXIF makes no image useless."""
        if exif.is_readable(self._image):
            try:
                return read(self._image)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001, S110 - Pillow raises anything on data that were made to hurt it
                pass
        note = "its EXIF data are damaged, or too large, and were not read"
        if note not in self.notes:
            self.notes.append(note)
        return otherwise


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    match image.info.get("dpi"):
        case (across, down):
            found = exif.number(across), exif.number(down)
        case _:
            return None
    if found[0] is None or found[1] is None or min(found[0], found[1]) <= 0:
        return None
    return round(found[0], 2), round(found[1], 2)


def _orientation(value: object) -> int | None:
    return value if isinstance(value, int) and 1 <= value <= 8 else None
