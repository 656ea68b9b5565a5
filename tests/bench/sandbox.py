"""What work in child processes costs: a call against the same function at home, and the worker's loop meanwhile."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from tests.bench.measure import Measure

from afterwork.sandbox import Limits, Sandbox

MODULE = "tests.bench.burning"
TICK = 0.005
BOUND = 0.050
"""Seconds by which the loop may be late, in 99 of 100 cases, while children keep all cores busy."""
START_BOUND = 1.0
"""A process out of the fork server against a new interpreter that imports the same."""


def run(*, is_quick: bool) -> list[Measure]:
    """Loop lag with every core busy, and the start of a process."""
    return uvloop.run(_run(seconds=5 if is_quick else 20))


async def _run(seconds: float) -> list[Measure]:
    from tests.bench import burning  # noqa: PLC0415 - what the children load

    cores = os.cpu_count() or 1
    async with Sandbox(preload=[MODULE], processes=cores, memory=2**29) as sandbox:
        await sandbox.run(burning.burn, 0.0)
        call = await _median(lambda: sandbox.run(burning.burn, 0.0))
        busy = [
            asyncio.create_task(_keep_busy(lambda: sandbox.run(burning.burn, 0.5, limits=Limits(seconds=30))))
            for _ in range(2 * cores)
        ]
        lags = await _lags(seconds)
        for task in busy:
            task.cancel()
        await asyncio.wait(busy)
    late = lags[len(lags) * 99 // 100]
    return [
        Measure(
            "sandbox: p99 of the loop's lag, all cores busy",
            late / BOUND,
            1.0,
            late,
            f"of 50 ms; median {lags[len(lags) // 2] * 1000:.2f} ms, worst {lags[-1] * 1000:.1f} ms",
        ),
        Measure(
            "sandbox: start of a process",
            call / (new := await _median(_new_interpreter, 10)),
            START_BOUND,
            call,
            f"a new interpreter with the same imports {new * 1000:.0f} ms",
        ),
    ]


async def _keep_busy(call: Callable[[], Awaitable[object]]) -> None:
    while True:
        await call()


async def _lags(seconds: float) -> list[float]:
    """By how many seconds the loop was late, sorted."""
    lags = []
    end = time.perf_counter() + seconds
    while (due := time.perf_counter() + TICK) < end:
        await asyncio.sleep(TICK)
        lags.append(max(0.0, time.perf_counter() - due))
    return sorted(lags)


async def _median(call: Callable[[], Awaitable[object]], times: int = 100) -> float:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        await call()
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)[times // 2]


async def _new_interpreter() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", f"import {MODULE}")
    await process.wait()
