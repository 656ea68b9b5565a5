"""What `image.analyze` costs, through Redis, a processor and its sandbox, against Pillow in a plain loop."""

import asyncio
import io
import statistics
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image
from tests.bench.measure import Measure
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer
from tests.unit.images.samples import PHOTO

from afterwork.contracts.images import AnalyzeImage
from afterwork.engine import JobClient, Submission, Submitted

SHARE = 0.7
"""Of the images per second that Pillow alone does in one process, so many at least."""
USUAL, SMALL = (3000, 2000), (640, 427)
"""Pixels of a photograph as cameras make them, and of one where the way to the child process counts for more."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """For one image, both ways."""

    bare: float
    ours: float


def run(*, is_quick: bool) -> list[Measure]:
    """The same photographs both ways in turn, with as many child processes as cores."""
    count, rounds = (12, 3) if is_quick else (30, 5)
    usual, small = [_seconds(size, count, rounds) for size in (USUAL, SMALL)]
    circumstances = (
        f"{count} photographs of 6 megapixels at a time; Pillow alone in one process {usual.bare * 1000:.0f} ms; "
        f"of 0.3 megapixels {small.ours * 1000:.1f} ms and {small.bare * 1000:.1f} ms"
    )
    return [Measure("images: analyze", usual.ours / usual.bare, 1 / SHARE, usual.ours, circumstances)]


def _seconds(size: tuple[int, int], count: int, rounds: int) -> Seconds:
    with tempfile.TemporaryDirectory(prefix="aw-bench-") as folder, RedisServer() as redis:
        inbox = Path(folder) / "inbox"
        photos = _photographs(inbox, size, count)
        settings = variables(
            redis__url=redis.url,
            documents__url=f"sqlite:///{folder}/documents.sqlite",
            stores__inbox__url=f"file://{inbox}",
            log__level="warning",
        )
        with ServiceProcess("processor", None, **settings):
            asyncio.run(_ours(redis.url, photos))
            return _in_turn(redis.url, photos, rounds)


def _in_turn(url: str, photos: list[Path], rounds: int) -> Seconds:
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        for photo in photos:
            _plain(photo)
        bare.append(time.perf_counter() - began)
        ours.append(asyncio.run(_ours(url, photos)))
    return Seconds(statistics.median(bare) / len(photos), statistics.median(ours) / len(photos))


async def _ours(url: str, photos: list[Path]) -> float:
    """Seconds from the first submission to the last end."""
    async with JobClient.connect(url) as client:
        began = time.perf_counter()
        wanted = [Submission.of(AnalyzeImage(object=f"inbox/{photo.name}")) for photo in photos]
        submitted = await client.submit_many(wanted)
        ids = [one.job.id for one in submitted if isinstance(one, Submitted)]
        ended = await asyncio.gather(*(client.wait(job_id, 120) for job_id in ids))
        took = time.perf_counter() - began
    assert {job.state for job in ended} == {"succeeded"}
    return took


def _photographs(folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """All different, as a camera makes them."""
    folder.mkdir()
    exif = Image.Exif()
    exif[271] = "Acme"
    with Image.open(PHOTO) as photo:
        enlarged = photo.resize(size)
    for number in range(count):
        enlarged.rotate(number / 10).save(folder / f"{number}.jpg", quality=90, exif=exif)
    return sorted(folder.iterdir())


def _plain(path: Path) -> dict[str, object]:
    """The same features, as anybody would write them."""
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        grey = image.convert("L")
        small = image.resize((128, 85), Image.Resampling.BOX)
        palette = small.quantize(8, method=Image.Quantize.MEDIANCUT)
        return {
            "size": image.size,
            "exif": dict(image.getexif()),
            "palette": palette.getpalette(),
            "shares": palette.getcolors(),
            "average": np.asarray(small).reshape(-1, 3).mean(axis=0),
            "phash": str(imagehash.phash(grey)),
            "dhash": str(imagehash.dhash(grey)),
            "sha256": sha256(content).hexdigest(),
        }
