"""Whatever happens to the bytes of an image, it is described or refused, and nothing else."""

import random
from pathlib import Path

import pytest
from PIL import Image
from tests.unit.images.samples import PHOTO, encoded, exif

from afterwork.contracts.images import ImageFeature
from afterwork.errors import InputInvalid
from processor.images.analysis import analyze

FLIPS = (1, 4, 32)
TRIALS = 25


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "MPO", "PNG", "TIFF", "WEBP"])
def test_damaged_bytes_are_described_or_refused(kind: str, tmp_path: Path) -> None:
    # given
    chance = random.Random(kind)
    with Image.open(PHOTO) as photo:
        small = photo.resize((48, 32))
    block = exif({271: "Acme", 274: 6}, gps={1: "N", 2: (1.0, 2.0, 3.0)}, camera={37510: b"ASCII\0\0\0x"})
    whole = encoded(small, kind, **({} if kind in {"BMP", "GIF"} else {"exif": block}))
    path = tmp_path / "image"
    outcomes = {"described": 0, "refused": 0}

    # when
    for trial in range(TRIALS * len(FLIPS)):
        damaged = bytearray(whole)
        for _ in range(FLIPS[trial % len(FLIPS)]):  # half of them where the structure stands
            place = chance.randrange(min(400, len(damaged)) if trial % 2 else len(damaged))
            damaged[place] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            analyze(path, tuple(ImageFeature)).model_dump_json()
        except InputInvalid:
            outcomes["refused"] += 1
        else:
            outcomes["described"] += 1

    # then
    assert outcomes["refused"] > 0
    assert outcomes["described"] > 0 or kind == "PNG"  # whose check sums tell of any damage
