"""The command line that every peer has: `fill` its queue with no-op jobs in several ways, or `work` on them.

It is run in the peer's own environment and needs nothing but the standard library. The address of Redis stands in
BENCH_URL. What `fill` has measured is printed as JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache

URL = os.environ.get("BENCH_URL", "")
LOG_LEVEL = os.environ.get("BENCH_LOG_LEVEL", "WARNING")
CONCURRENCY = 100
SENDERS = 50
AT_ONCE = 1000
"""Jobs in a call that takes several."""
SPACING = 0.02
"""Seconds between jobs that are to find an idle worker."""


@dataclass(frozen=True, slots=True)
class Producer:
    """How a peer takes jobs. one: a job, its argument when it was sent, or 0. many: so many jobs in one call."""

    one: Callable[[int], Awaitable[object]]
    many: Callable[[int], Awaitable[object]] | None = None


Open = Callable[[], AbstractAsyncContextManager[Producer]]


async def noop(sent: int) -> None:
    """The job of every peer: nothing, or, if it says when it was sent, a line with the nanoseconds since then."""
    if sent:
        note(sent)


def note(sent: int) -> None:
    """Write down how long ago a job was sent, in nanoseconds of the monotonic clock."""
    os.write(_delays(), f"{time.monotonic_ns() - sent}\n".encode())


def main(opened: Open, work: Callable[[], None]) -> None:
    """`work`, or `fill WAY=COUNT…` with the ways singly, at_once, bulk and spaced, one after another."""
    match sys.argv[1:]:
        case ["work"]:
            work()
        case ["fill", *orders]:
            runner = asyncio.Runner(loop_factory=_uvloop())
            with runner:
                print(json.dumps(runner.run(_fill(opened, orders))))
        case _:
            sys.exit("say work, or fill and how")


async def _fill(opened: Open, orders: list[str]) -> dict[str, dict[str, float]]:
    """Per way: jobs, seconds, and seconds of CPU of this process."""
    found = {}
    async with opened() as producer:
        await producer.one(0)  # opens the connection
        for order in orders:
            way, _, count = order.partition("=")
            began, used = time.perf_counter(), time.process_time()
            await _WAYS[way](producer, int(count))
            took = time.perf_counter() - began
            found[way] = {"jobs": int(count), "seconds": took, "cpu": time.process_time() - used}
    return found


async def _singly(producer: Producer, count: int) -> None:
    for _ in range(count):
        await producer.one(0)


async def _at_once(producer: Producer, count: int) -> None:
    numbers = iter(range(count))

    async def send() -> None:
        for _ in numbers:
            await producer.one(0)

    await asyncio.gather(*(send() for _ in range(SENDERS)))


async def _bulk(producer: Producer, count: int) -> None:
    if producer.many is None:
        await _singly(producer, count)
        return
    for first in range(0, count, AT_ONCE):
        await producer.many(min(AT_ONCE, count - first))


async def _spaced(producer: Producer, count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(SPACING)
        await producer.one(time.monotonic_ns())


_WAYS = {"singly": _singly, "at_once": _at_once, "bulk": _bulk, "spaced": _spaced}


@cache
def _delays() -> int:
    return os.open(os.environ["BENCH_DELAYS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not every peer uses asyncio
    except ImportError:
        return None
    return uvloop.new_event_loop
