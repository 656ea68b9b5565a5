"""A load generator for one POST, in a process of its own: closed loop, or open loop at a steady rate.

Open loop: each request has its time, and its latency counts from then, also if it had to wait for a free connection,
so that a server which stalls cannot hide it (coordinated omission). Prints an answer per second and percentiles as
JSON.

    python -m tests.bench.engine.load URL BODY SECONDS CONNECTIONS [RATE]
"""

import asyncio
import json
import sys
import time
from asyncio import Future
from collections import deque
from collections.abc import Sequence
from typing import Protocol, cast
from urllib.parse import urlsplit

import uvloop
from tests.bench.engine.figures import percentile

ACCEPTED = b"HTTP/1.1 202 "


class Sender(Protocol):
    """Sends a request."""

    async def send(self) -> None:
        """Returns with the whole answer."""


class Connection(asyncio.Protocol):
    """One request at a time on a connection that is kept."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = b""
        self._answered: Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for the first request."""
        self._transport = cast(asyncio.Transport, transport)

    async def send(self) -> None:
        """Returns with the whole answer. Raises ConnectionError, or ValueError if it is not 202."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        await self._answered

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or self._answered is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._received = b""
        if head.startswith(ACCEPTED):
            self._answered.set_result(None)
        else:
            self._answered.set_exception(ValueError(head.decode()))

    def connection_lost(self, _error: Exception | None) -> None:
        """The server must not close it."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionError("the server has closed the connection"))


async def closed(senders: Sequence[Sender], seconds: float) -> list[float]:
    """Each sends its next request as soon as it has the answer; returns the seconds to each answer."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def run(sender: Sender) -> None:
        while (began := time.perf_counter()) < end:
            await sender.send()
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(run(sender) for sender in senders))
    return latencies


async def steady(senders: Sequence[Sender], seconds: float, rate: float) -> list[float]:
    """Requests evenly spaced in time, whatever becomes of those before; returns the seconds from when each was due."""
    latencies: list[float] = []
    due: deque[float] = deque()
    arrived = asyncio.Semaphore(0)
    count = int(seconds * rate)
    began = time.perf_counter()

    async def run(sender: Sender) -> None:
        while True:
            await arrived.acquire()
            when = due.popleft()
            await sender.send()
            latencies.append(time.perf_counter() - when)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(run(sender)) for sender in senders]
        for number in range(count):
            when = began + number / rate
            if (early := when - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            due.append(when)
            arrived.release()
        while len(latencies) < count:
            await asyncio.sleep(0.01)
        for task in running:
            task.cancel()
    return latencies


async def main(url: str, body: str, *numbers: str) -> None:
    """Measure and print."""
    seconds, count, *rate = map(float, numbers)
    target = urlsplit(url)
    request = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(int(count)):
        host, port = target.hostname or "", target.port or 0
        _, made = await loop.create_connection(lambda: Connection(request), host, port)
        connections.append(made)
    await closed(connections, 0.3)  # warms the server up
    began = time.perf_counter()
    latencies = await (steady(connections, seconds, rate[0]) if rate else closed(connections, seconds))
    took = time.perf_counter() - began
    p50, p99 = (percentile(latencies, share) * 1000 for share in (0.5, 0.99))
    print(json.dumps({"rate": len(latencies) / took, "p50": p50, "p99": p99}))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
