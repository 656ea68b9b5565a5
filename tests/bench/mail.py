"""What a mail costs as a job, from the queue to its receipt, against aiosmtplib used bare over as many connections."""

import asyncio
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Self

import aiosmtplib
import uvloop
from tests.bench.measure import Measure
from tests.processes import ROOT, ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.contracts.notifier import SendNotification
from afterwork.engine import JobClient, Submission

BOUND = 1 / 0.6
CONNECTIONS = 4
AT_ONCE = 500
WARM_UP = 10  # a tenth of the messages is not counted
TEXT = "Your order is on its way and should be with you within three days.\n" * 20


def run(*, is_quick: bool) -> list[Measure]:
    """Send the same mail both ways in turn, several times."""
    count, rounds = (500, 3) if is_quick else (2000, 5)
    bare, jobs = [], []
    with _Sink() as sink, RedisServer() as redis, tempfile.TemporaryDirectory() as folder:
        settings = variables(
            redis__url=redis.url,
            smtp__host="127.0.0.1",
            smtp__port=sink.port,
            smtp__tls="none",
            smtp__connections=CONNECTIONS,
            stores__receipts__url=Path(folder).as_uri(),
            log__level="warning",
        )
        with ServiceProcess("notifier", Path(folder) / "log", **settings):
            for _ in range(rounds):
                bare.append(sink.seconds_each(count, lambda: uvloop.run(_send(sink.port, count))))
                jobs.append(sink.seconds_each(count, lambda: uvloop.run(_submit(redis.url, count))))
    ratio = statistics.median(jobs) / statistics.median(bare)
    circumstances = (
        f"{count} mails over {CONNECTIONS} connections; bare {statistics.median(bare) * 1000:.2f} ms each, "
        f"so {1 / ratio:.2f} of its speed"
    )
    return [
        Measure("mail: a job against bare aiosmtplib", ratio, BOUND, statistics.median(jobs), circumstances)
    ]


async def _send(port: int, count: int) -> None:
    """As a program does that has nothing but aiosmtplib."""
    numbers = iter(range(count))

    async def connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as smtp:
            for number in numbers:
                message = EmailMessage()
                message["From"] = "shop@example.com"
                message["To"] = f"r{number}@example.com"
                message["Subject"] = "Your order"
                message.set_content(TEXT)
                await smtp.send_message(message)

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


async def _submit(url: str, count: int) -> None:
    async with JobClient.connect(url) as client:
        for first in range(0, count, AT_ONCE):
            jobs = [
                SendNotification(to=[f"mailto:r{number}@example.com"], subject="Your order", text=TEXT)
                for number in range(first, min(count, first + AT_ONCE))
            ]
            await client.submit_many([Submission.of(job) for job in jobs])


class _Sink:
    """The mail server that both send to."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.mail_sink"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._line())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def seconds_each(self, count: int, send: Callable[[], object]) -> float:
        """Seconds between two messages, from the first tenth to the last one."""
        send()
        times = [float(self._line()) for _ in range(count)]
        first = count // WARM_UP
        return (times[-1] - times[first]) / (count - 1 - first)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()
