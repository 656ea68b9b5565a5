"""`image.analyze`: what is to be found out about an image, and the document that says it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from afterwork.contracts.base import Contract
from afterwork.contracts.documents import CollectionName
from afterwork.contracts.job import Seen
from afterwork.contracts.objects import ObjectName


class ImageFeature(StrEnum):
    """A part of the description. `location` is where it was taken, which is left out unless it is asked for."""

    METADATA = "metadata"
    COLOR = "color"
    HASH = "hash"
    LOCATION = "location"


def _distinct(features: tuple[ImageFeature, ...]) -> tuple[ImageFeature, ...]:
    return tuple(feature for feature in ImageFeature if feature in features)


USUAL_FEATURES = (ImageFeature.METADATA, ImageFeature.COLOR, ImageFeature.HASH)
Features = Annotated[tuple[ImageFeature, ...], Field(min_length=1, max_length=10), AfterValidator(_distinct)]


class AnalyzeImage(Contract, kind="image.analyze", queue="processor", max_attempts=5, timeout=300):
    """Describe an image in a document; the result is that document, one for each content that the object has had.

    object: AVIF, BMP, GIF, JPEG, PNG, TIFF or WebP. provider: who looks at it. collection: where the document is put.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"object": "images/lighthouse.jpg", "features": ["metadata", "color", "hash"]}]
        }
    )

    object: ObjectName
    features: Features = USUAL_FEATURES
    provider: Literal["local"] = "local"
    collection: CollectionName = "images"


class ImageMetadata(Seen):
    """What the file says of itself, told from its content and not from its name.

    width and height in pixels, as stored; orientation: 1…8 of EXIF, how it is to be turned. mode: Pillow's, such as
    `RGB`, `CMYK`, `I;16`. frames: pictures in it. dpi: horizontally and vertically. trailing_bytes: what follows the
    image in its file. exif: by the names of its tags; without the location, thumbnails and makers' own notes.
    """

    format: str
    mode: str
    width: int
    height: int
    frames: int
    has_transparency: bool
    dpi: tuple[float, float] | None = None
    orientation: int | None = None
    trailing_bytes: int | None = None
    exif: dict[str, JsonValue]


class Shade(Seen):
    """A colour, `#rrggbb`, and the share of the visible pixels that it stands for."""

    color: str
    share: float


class ImageColor(Seen):
    """Colours of the first picture, as stored, without what is transparent.

    palette: by median cut (Heckbert 1982), the largest share first; dominant: its first. average: mean of the sRGB
    values. is_grayscale: no colour stands out from its grey by more than the noise of compression.
    """

    dominant: str
    palette: list[Shade]
    average: str
    is_grayscale: bool


class ImageHash(Seen):
    """sha256: of the object. phash, dhash: of pictures that look alike few bits differ."""

    sha256: str
    phash: str
    dhash: str


class ImageLocation(Seen):
    """Where it was taken (EXIF GPS), in degrees; altitude in metres above the sea."""

    latitude: float
    longitude: float
    altitude: float | None = None


class ImageFindings(Seen):
    """What the pixels and the file tell; a part that was not asked for, or is not there, is left out.

    sources: what each part was found by. notes: what is odd about the file, in sentences.
    """

    content_type: str
    metadata: ImageMetadata | None = None
    color: ImageColor | None = None
    hash: ImageHash | None = None
    location: ImageLocation | None = None
    sources: dict[str, str]
    notes: tuple[str, ...] = ()


class ImageDescription(ImageFindings):
    """The body of the document. etag: of the object, so that it says which content was looked at. bytes: its size."""

    object: ObjectName
    etag: str
    bytes: int
    features: tuple[ImageFeature, ...]
