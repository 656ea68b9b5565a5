"""The colours of an image."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from afterwork.contracts.images import ImageColor, Shade

SAMPLE = 128
"""Pixels of the longer side to which an image is reduced first, each the average of what it covers."""
PALETTE = 8
VISIBLE = 128
"""The least alpha of a pixel that counts."""
NOISE = 12
"""How far red, green and blue of one grey may differ: JPEG rounds them apart."""

Pixels = NDArray[np.uint8]


def colors(picture: Image.Image) -> ImageColor | None:
    """Of a picture in RGB or RGBA; None if nothing of it can be seen.

    The palette is Pillow's median cut, after P. Heckbert, "Color image quantization for frame buffer display",
    SIGGRAPH 1982.
    """
    pixels = _visible(picture)
    if not len(pixels):
        return None
    palette = _palette(pixels)
    spread = pixels.max(axis=1).astype(int) - pixels.min(axis=1)
    return ImageColor(
        dominant=palette[0].color,
        palette=palette,
        average=_name(pixels.mean(axis=0).round().astype(int).tolist()),
        is_grayscale=bool(spread.max() <= NOISE),
    )


def _visible(picture: Image.Image) -> Pixels:
    sample = picture.copy() if max(picture.size) <= SAMPLE else _reduced(picture)
    pixels = np.asarray(sample.convert("RGBA")).reshape(-1, 4)
    visible: Pixels = pixels[pixels[:, 3] >= VISIBLE][:, :3]
    return visible


def _reduced(picture: Image.Image) -> Image.Image:
    ratio = SAMPLE / max(picture.size)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    return picture.resize(size, Image.Resampling.BOX)


def _palette(pixels: Pixels) -> list[Shade]:
    strip = Image.fromarray(np.ascontiguousarray(pixels[np.newaxis]))
    reduced = strip.quantize(PALETTE, method=Image.Quantize.MEDIANCUT)
    table = reduced.getpalette() or []
    counts = reduced.getcolors() or []
    ordered = sorted(((count, index) for count, index in counts if isinstance(index, int)), key=_by_share)
    return [
        Shade(color=_name(table[3 * index : 3 * index + 3]), share=round(count / len(pixels), 4))
        for count, index in ordered
    ]


def _by_share(counted: tuple[int, int]) -> tuple[int, int]:
    count, index = counted
    return -count, index


def _name(rgb: list[int]) -> str:
    return "#" + "".join(f"{value:02x}" for value in rgb)
