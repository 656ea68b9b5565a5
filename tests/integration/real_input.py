"""Real input for the acceptance tests: a slow mail server, many orders, a photograph, a large object."""

import asyncio
import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from PIL import ExifTags, Image
from sklearn.datasets import load_sample_image
from tests.servers import free_port

ROWS = 200_000
MEBIBYTE = 1024 * 1024
LARGE = 300 * MEBIBYTE


class _Slow:
    """Takes its time for every mail, before it says that it has it."""

    def __init__(self, seconds: float, mails: list[bytes]) -> None:
        self._seconds = seconds
        self._mails = mails

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(self._seconds)
        self._mails.append(envelope.original_content or b"")
        return "250 taken"


@contextmanager
def slow_mail_server(seconds: float) -> Iterator[tuple[int, list[bytes]]]:
    """An SMTP server in a thread, which takes that long for each mail: its port, and the mails that it has."""
    mails: list[bytes] = []
    port = free_port()
    controller = Controller(_Slow(seconds, mails), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, mails
    finally:
        controller.stop()


CITIES = ["Zürich", 'New "York"', "two\nlines", "a,b", "東京"]


def orders() -> Iterator[tuple[str, int, int]]:
    """city, price, quantity of each order."""
    for number in range(ROWS):
        yield CITIES[number % len(CITIES)], number % 97, number % 5


def orders_csv() -> bytes:
    """All orders as a file, with quotes, line breaks in fields, and Unicode."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["id", "city", "price", "quantity"])
    writer.writerows([number, *order] for number, order in enumerate(orders()))
    return text.getvalue().encode()


def totals() -> dict[str, tuple[int, int]]:
    """The same by plain Python: city → sum of price × quantity and count, of orders of two or more."""
    found: dict[str, tuple[int, int]] = {}
    for city, price, quantity in orders():
        if quantity >= 2:
            total, count = found.get(city, (0, 0))
            found[city] = (total + price * quantity, count + 1)
    return found


EXPECTED = totals()


def photograph_with_exif() -> bytes:
    """One of scikit-learn's two photographs, with a camera and a place."""
    photograph = Image.fromarray(np.asarray(load_sample_image("china.jpg")))
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Afterwork Camera"
    exif[ExifTags.Base.DateTime] = "2026:11:20 12:00:00"
    place: dict[int, Any] = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (47.0, 22.0, 1.0)}
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    file = io.BytesIO()
    photograph.save(file, "JPEG", exif=exif, quality=90)
    return file.getvalue()


def large_content(digest: "hashlib._Hash") -> Iterator[bytes]:
    """300 MiB, no two of which are the same; what is sent goes into the digest."""
    for number in range(LARGE // MEBIBYTE):
        block = hashlib.sha256(str(number).encode()).digest() * (MEBIBYTE // 32)
        digest.update(block)
        yield block
