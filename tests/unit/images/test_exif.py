"""What EXIF says: by name, in bounded size, and without the location unless that is asked for."""

import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from tests.unit.images.samples import encoded, exif, picture, tiff_directory

from afterwork.contracts.images import ImageFeature, ImageFindings, ImageLocation
from processor.images.analysis import analyze

MAKE, MODEL, ORIENTATION, SOFTWARE, X_RESOLUTION = 271, 272, 274, 305, 282
EXPOSURE, TAKEN_AT, MAKER_NOTE, USER_COMMENT, LENS = 33434, 36867, 37500, 37510, 42036
SINGAPORE = {
    1: "N",
    2: (IFDRational(1), IFDRational(17), IFDRational(2100, 100)),
    3: "E",
    4: (IFDRational(103), IFDRational(51), IFDRational(0)),
    5: b"\1",
    6: IFDRational(25, 2),
}
ALL = tuple(ImageFeature)


def findings(
    block: bytes, folder: Path, *, features: tuple[ImageFeature, ...] = ALL, kind: str = "JPEG"
) -> ImageFindings:
    path = folder / "image"
    path.write_bytes(encoded(picture(), kind, exif=block))
    return analyze(path, features)


def statements(block: bytes, folder: Path, kind: str = "JPEG") -> dict[str, Any]:
    found = findings(block, folder, kind=kind)
    assert found.metadata is not None
    assert found.notes == ()
    return found.metadata.exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_tags_are_told_by_their_names(kind: str, tmp_path: Path) -> None:
    block = exif(
        {MAKE: "Acme", MODEL: "Ün", ORIENTATION: 6},
        camera={EXPOSURE: IFDRational(1, 250), TAKEN_AT: "2026:11:20 20:15:00"},
    )

    found = findings(block, tmp_path, kind=kind)

    assert found.metadata is not None
    assert (found.metadata.width, found.metadata.height) == (32, 16)
    assert found.metadata.orientation == 6
    told = {name: found.metadata.exif[name] for name in ("Make", "Orientation", "ExposureTime")}
    assert told == {"Make": "Acme", "Orientation": 6, "ExposureTime": 0.004}
    assert found.metadata.exif["DateTimeOriginal"] == "2026:11:20 20:15:00"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_location_is_dropped_unless_it_is_asked_for(kind: str, tmp_path: Path) -> None:
    block = exif({MAKE: "Acme"}, gps=SINGAPORE)

    without = findings(block, tmp_path, features=(ImageFeature.METADATA,), kind=kind)
    asked = findings(block, tmp_path, features=(ImageFeature.LOCATION,), kind=kind)

    assert "GPS" not in without.model_dump_json()
    assert "103" not in without.model_dump_json()
    assert without.location is None
    assert asked.location == ImageLocation(latitude=1.2891667, longitude=103.85, altitude=-12.5)
    assert asked.sources.keys() == {"location"}


@pytest.mark.parametrize(
    ("change", "latitude"),
    [
        ({1: "S"}, -1.2891667),
        ({1: ""}, 1.2891667),
        ({2: (IFDRational(1), IFDRational(0, 0), IFDRational(0))}, None),
        ({2: (IFDRational(91), IFDRational(0), IFDRational(0))}, None),
        ({4: (IFDRational(181), IFDRational(0), IFDRational(0))}, None),
        ({2: IFDRational(1)}, None),
    ],
)
def test_a_location_that_is_no_place_is_left_out(
    change: dict[int, Any], latitude: float | None, tmp_path: Path
) -> None:
    found = findings(exif({}, gps={**SINGAPORE, **change}), tmp_path).location

    assert (None if found is None else found.latitude) == latitude


def test_without_a_location_there_is_none(tmp_path: Path) -> None:
    found = findings(exif({MAKE: "Acme"}), tmp_path)

    assert found.location is None
    assert "location" not in found.sources


@pytest.mark.parametrize(
    ("tags", "camera", "told"),
    [
        ({SOFTWARE: "a\x01b\x1b[31m"}, {}, {"Software": "ab[31m"}),
        ({SOFTWARE: "x" * 5000}, {}, {"Software": "x" * 500}),
        ({}, {EXPOSURE: IFDRational(1, 0)}, {}),
        ({}, {EXPOSURE: IFDRational(0, 0)}, {}),
        ({}, {MAKER_NOTE: b"secret" * 1000}, {}),
        ({}, {USER_COMMENT: b"ASCII\0\0\0hello\0"}, {"UserComment": "hello"}),
        ({}, {USER_COMMENT: b"UNICODE\0" + "hé".encode("utf-16")}, {"UserComment": "hé"}),
        ({}, {USER_COMMENT: b"\xff\xfe\x01"}, {}),
        ({}, {LENS: "50 mm"}, {"LensModel": "50 mm"}),
        ({64_000: "private"}, {}, {}),
        ({ORIENTATION: 9}, {}, {"Orientation": 9}),
    ],
)
def test_values_are_made_fit_for_json_or_left_out(
    tags: dict[int, Any], camera: dict[int, Any], told: dict[str, Any], tmp_path: Path
) -> None:
    assert statements(exif(tags, camera=camera), tmp_path) == told


def test_an_orientation_that_is_none_is_not_told_as_one(tmp_path: Path) -> None:
    found = findings(exif({ORIENTATION: 9}), tmp_path)

    assert found.metadata is not None
    assert found.metadata.orientation is None


def test_a_hundred_kilobytes_of_tags_stay_small(tmp_path: Path) -> None:
    block = exif({MAKE: "Acme", **dict.fromkeys(range(50_000, 50_400), "x" * 200)})

    assert len(statements(block, tmp_path, kind="PNG")) <= 200


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(b"Exif\0\0II*\0\xff\xff\0\0", id="leads nowhere"),
        pytest.param(
            b"Exif\0\0II*\0\x08\0\0\0" + tiff_directory([(271, 2, 60, 14)] * 5000, at=8), id="overlapping"
        ),
        pytest.param(b"Exif\0\0nonsense" * 20, id="nonsense"),
    ],
)
def test_damaged_tags_cost_the_image_nothing_else(block: bytes, tmp_path: Path) -> None:
    found = findings(block, tmp_path, kind="JPEG")

    assert found.metadata is not None
    assert found.metadata.exif == {}
    assert found.color is not None
    assert all(math.isfinite(shade.share) for shade in found.color.palette)


def test_damage_is_noted_once(tmp_path: Path) -> None:
    overlapping = b"Exif\0\0II*\0\x08\0\0\0" + tiff_directory([(271, 2, 60_000, 14)] * 5000, at=8)

    found = findings(overlapping, tmp_path)

    assert found.notes == ("its EXIF data are damaged, or too large, and were not read",)


def test_tags_of_a_tiff_leave_out_what_is_the_image_itself(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(encoded(Image.new("RGB", (2000, 2000)), "TIFF", compression="raw"))

    found = analyze(path, (ImageFeature.METADATA,))

    assert found.metadata is not None
    assert not {"StripOffsets", "StripByteCounts", "ImageWidth"} & found.metadata.exif.keys()
    assert found.metadata.exif["BitsPerSample"] == [8, 8, 8]
