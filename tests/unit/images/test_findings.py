"""What is found out about images of every kind."""

import io
import struct
from hashlib import sha256
from pathlib import Path

import imagehash
import pytest
from PIL import Image
from tests.unit.images.samples import PHOTO, encoded, picture, png, png_chunk

from afterwork.contracts.images import (
    USUAL_FEATURES,
    ImageColor,
    ImageFeature,
    ImageFindings,
    ImageHash,
    ImageMetadata,
)
from processor.images.analysis import analyze


def findings(
    content: bytes, folder: Path, features: tuple[ImageFeature, ...] = USUAL_FEATURES
) -> ImageFindings:
    path = folder / "image"
    path.write_bytes(content)
    return analyze(path, features)


def metadata(content: bytes, folder: Path) -> ImageMetadata:
    found = findings(content, folder, (ImageFeature.METADATA,)).metadata
    assert found is not None
    return found


def color(image: Image.Image, folder: Path, kind: str = "PNG") -> ImageColor:
    found = findings(encoded(image, kind), folder, (ImageFeature.COLOR,)).color
    assert found is not None
    return found


def hashes(content: bytes, folder: Path) -> ImageHash:
    found = findings(content, folder, (ImageFeature.HASH,)).hash
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("AVIF", "image/avif"),
        ("BMP", "image/bmp"),
        ("GIF", "image/gif"),
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
    ],
)
def test_every_format_is_told_by_its_content(kind: str, content_type: str, tmp_path: Path) -> None:
    found = findings(encoded(picture(), kind), tmp_path)

    assert found.content_type == content_type
    assert found.metadata is not None
    assert (found.metadata.format, found.metadata.width, found.metadata.height) == (kind, 32, 16)
    assert found.metadata.frames == 1
    assert found.metadata.trailing_bytes == (None if kind == "TIFF" else 0)
    assert found.sources.keys() == {"metadata", "color", "hash"}
    assert found.notes == ()


@pytest.mark.parametrize(
    ("mode", "kind", "told"),
    [
        ("1", "PNG", "1"),
        ("L", "PNG", "L"),
        ("LA", "PNG", "LA"),
        ("P", "PNG", "P"),
        ("RGBA", "PNG", "RGBA"),
        ("CMYK", "JPEG", "CMYK"),
        ("CMYK", "TIFF", "CMYK"),
        ("YCbCr", "TIFF", "YCbCr"),
        ("LAB", "TIFF", "LAB"),
        ("I", "TIFF", "I"),
        ("F", "TIFF", "F"),
    ],
)
def test_every_mode_has_colors_and_hashes(mode: str, kind: str, told: str, tmp_path: Path) -> None:
    image = picture("L").convert(mode) if mode in {"I", "F"} else picture(mode)

    found = findings(encoded(image, kind), tmp_path)

    assert found.metadata is not None
    assert found.metadata.mode == told
    assert found.color is not None
    assert found.hash is not None


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    image = Image.frombytes("I;16", (2, 1), struct.pack("<HH", 0x4000, 0xC0FF))

    found = color(image, tmp_path)

    assert {shade.color for shade in found.palette} == {"#404040", "#c0c0c0"}


def test_hashes_are_those_that_others_compute(tmp_path: Path) -> None:
    with Image.open(PHOTO) as image:
        phash, dhash = str(imagehash.phash(image)), str(imagehash.dhash(image))

    found = hashes(PHOTO.read_bytes(), tmp_path)

    assert found.sha256 == sha256(PHOTO.read_bytes()).hexdigest()
    assert (found.phash, found.dhash) == (phash, dhash)


def test_a_smaller_copy_has_almost_the_same_hash_and_another_picture_has_not(tmp_path: Path) -> None:
    with Image.open(PHOTO) as image:
        smaller = encoded(image.resize((160, 107)), "WEBP")

    def distance(content: bytes) -> int:
        own = imagehash.hex_to_hash(hashes(PHOTO.read_bytes(), tmp_path).phash)
        return own - imagehash.hex_to_hash(hashes(content, tmp_path).phash)

    assert distance(smaller) <= 6
    assert distance(PHOTO.with_name("flower.jpg").read_bytes()) >= 16


def test_colors_are_ordered_by_their_share(tmp_path: Path) -> None:
    image = Image.new("RGB", (10, 10), "#102030")
    image.paste("#f0a000", (0, 0, 10, 3))

    found = color(image, tmp_path)

    assert [(shade.color, shade.share) for shade in found.palette] == [("#102030", 0.7), ("#f0a000", 0.3)]
    assert found.dominant == "#102030"
    assert found.average == "#534622"
    assert not found.is_grayscale


def test_what_is_transparent_does_not_count(tmp_path: Path) -> None:
    image = Image.new("RGBA", (10, 10), "#ff000000")
    image.paste((0, 0, 255, 255), (0, 0, 10, 2))

    palette = image.quantize(4)
    assert color(image, tmp_path).palette == color(palette, tmp_path).palette
    assert color(image, tmp_path).average == "#0000ff"


def test_an_image_that_nobody_sees_has_no_colors_and_says_so(tmp_path: Path) -> None:
    found = findings(encoded(Image.new("RGBA", (3, 3)), "PNG"), tmp_path)

    assert found.color is None
    assert "color" not in found.sources
    assert found.notes == ("nothing of the image can be seen: it is transparent throughout",)
    assert found.metadata is not None
    assert found.metadata.has_transparency


def test_grey_is_told_from_color_even_when_compressed(tmp_path: Path) -> None:
    with Image.open(PHOTO) as image:
        grey = image.convert("L").convert("RGB")
        assert color(grey, tmp_path, "JPEG").is_grayscale
        assert not color(image, tmp_path, "JPEG").is_grayscale


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_moving_pictures_are_counted_and_the_first_is_looked_at(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), shade) for shade in ("#ff0000", "#00ff00", "#0000ff")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])

    found = findings(content, tmp_path)

    assert found.metadata is not None
    assert found.metadata.frames == 3
    assert found.metadata.trailing_bytes in {0, None}
    assert found.color is not None
    assert found.color.dominant[1:3] in {"fe", "ff"}


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "WEBP"])
def test_what_follows_the_image_is_measured(kind: str, tmp_path: Path) -> None:
    archive = b"PK\3\4" + b"evil" * 100

    assert metadata(encoded(picture(), kind) + archive, tmp_path).trailing_bytes == len(archive)


def test_a_gif_that_is_a_script_too_is_an_image(tmp_path: Path) -> None:
    content = encoded(Image.new("P", (0x2A2F, 1)), "GIF")  # its width reads /*
    script = content + b"*/=alert(1)//"

    found = findings(script, tmp_path)

    assert script.startswith(b"GIF87a/*")
    assert found.content_type == "image/gif"
    assert found.metadata is not None
    assert found.metadata.trailing_bytes == 13


def test_a_photograph_with_a_second_one_inside_is_one_file(tmp_path: Path) -> None:
    content = encoded(picture(), "MPO", save_all=True, append_images=[picture("L")])

    found = metadata(content, tmp_path)

    assert (found.format, found.frames, found.trailing_bytes) == ("JPEG", 2, None)


@pytest.mark.parametrize(
    ("kind", "dpi", "told"),
    [("JPEG", (300, 150), (300.0, 150.0)), ("PNG", (96, 96), (96.01, 96.01)), ("JPEG", None, None)],
)
def test_the_resolution_is_told_if_there_is_one(
    kind: str, dpi: tuple[int, int] | None, told: tuple[float, float] | None, tmp_path: Path
) -> None:
    options = {} if dpi is None else {"dpi": dpi}

    assert metadata(encoded(picture(), kind, **options), tmp_path).dpi == told


def test_a_png_that_claims_endless_frames_is_one_picture(tmp_path: Path) -> None:
    claim = png_chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))

    assert metadata(png(8, 8, before_data=[claim]), tmp_path).frames == 1


def test_only_what_is_asked_for_is_found(tmp_path: Path) -> None:
    found = findings(encoded(picture(), "PNG"), tmp_path, (ImageFeature.COLOR,))

    assert found.model_dump(exclude_none=True).keys() == {"content_type", "color", "sources", "notes"}
    assert found.sources.keys() == {"color"}


def test_the_same_file_is_always_described_alike(tmp_path: Path) -> None:
    first, second = [findings(PHOTO.read_bytes(), tmp_path, tuple(ImageFeature)) for _ in range(2)]

    assert first == second


def test_a_picture_of_one_pixel_is_enough(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (1, 1), "#123456").save(file, "PNG")

    found = findings(file.getvalue(), tmp_path)

    assert found.color is not None
    assert found.color.dominant == "#123456"
