"""How large an image may be, and of how many parts, before anything is decoded."""

from dataclasses import dataclass

from afterwork.errors import InputInvalid

MAX_PIXELS = 64_000_000
MAX_PARTS = 200_000
"""Chunks, segments or blocks of one file; each costs the decoders a moment."""
MAX_FRAMES = 10_000
MAX_SCANS = 500
"""Of a progressive JPEG; each goes over all pixels. TurboJPEG draws the line there, too, if it is asked to."""


def refuse_large(width: int, height: int) -> None:
    """Raise InputInvalid for more than MAX_PIXELS."""
    if width * height > MAX_PIXELS:
        raise InputInvalid(
            f"the image claims {width:,} × {height:,} pixels, more than the {MAX_PIXELS:,} that are decoded"
        )


@dataclass(slots=True)
class Structure:
    """What has been seen so far. end: the first byte after the image, None where the format does not tell."""

    end: int | None = None
    frames: int | None = None
    parts: int = 0
    scans: int = 0

    def part(self) -> None:
        """One more. Raises InputInvalid if there are too many."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise InputInvalid(f"the image is made of more than {MAX_PARTS:,} parts")

    def frame(self) -> None:
        """One more picture. Raises InputInvalid if there are too many."""
        self.frames = (self.frames or 0) + 1
        if self.frames > MAX_FRAMES:
            raise InputInvalid(f"the image has more than {MAX_FRAMES:,} pictures")

    def scan(self) -> None:
        """One more pass over all pixels. Raises InputInvalid if there are too many."""
        self.scans += 1
        if self.scans > MAX_SCANS:
            raise InputInvalid(f"the image has more than {MAX_SCANS} scans")
