"""Decoded images of any mode as pictures of 8 bits per channel, which hashes and colours are made of."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def as_picture(image: Image.Image) -> Image.Image:
    """The image in RGB, or in RGBA if some of it may be transparent.

    Depths that Pillow would clip are scaled: 16 bits by their upper 8, wider ones from their least to their greatest
    value. Colour profiles are not applied.
    """
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in {"I", "F"}:
        return Image.fromarray(_stretched(np.asarray(image, dtype=np.float64))).convert("RGB")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _stretched(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    least, greatest = finite.min(), finite.max()
    scale = 255 / (greatest - least) if greatest > least else 0.0
    scaled: NDArray[np.uint8] = ((finite - least) * scale).round().astype(np.uint8)
    return scaled
