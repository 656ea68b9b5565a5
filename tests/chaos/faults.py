"""What can happen to a process. Each fault makes sure that it happens, and returns at the moment when it is over."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from random import Random

import httpx
import psutil
from tests.chaos.applied import ping, require
from tests.chaos.fleet import LEASE, PATIENCE, Member
from tests.integration.workers import waiting
from tests.processes import ServiceProcess

LATENCY = 0.08
"""Seconds each way, and as much again at random: a call takes 0.16 to 0.32 s."""
CUTS = 4
UNAVAILABLE = 503


async def kill(member: Member, _random: Random) -> None:
    """`kill -9`; its supervisor starts it again."""
    process = member.process.process
    require(process.poll() is None, f"{member.queue} was dead already")
    process.send_signal(signal.SIGKILL)
    code = await asyncio.to_thread(process.wait, PATIENCE)
    require(code == -signal.SIGKILL, f"{member.queue} ended with {code}, not by the signal")


async def freeze(member: Member, random: Random) -> None:
    """SIGSTOP, and SIGCONT after more than a lease."""
    require(member.process.is_running, f"{member.queue} is dead")
    process = psutil.Process(member.process.pid)
    member.process.freeze()
    try:
        await waiting.true(lambda: process.status() == psutil.STATUS_STOPPED)
        await waiting.elapsed(random.uniform(1.5, 2) * LEASE)
        require(process.status() == psutil.STATUS_STOPPED, f"{member.queue} was {process.status()}")
    finally:
        member.process.thaw()


async def cut(member: Member, random: Random) -> None:
    """Reset its connections to Redis, all of them, again and again; each time it comes back before the next."""
    for _ in range(CUTS):
        await waiting.true(lambda: member.proxy.connections > 0, deadline=PATIENCE)
        await waiting.elapsed(random.uniform(0, 0.3))
        resets = member.proxy.resets
        await asyncio.to_thread(member.proxy.cut)
        require(member.proxy.resets > resets, f"{member.queue} had no connection to cut")


async def delay(member: Member, random: Random) -> None:
    """Slow down what it says to Redis and hears from it, for about a lease."""
    proxy = member.proxy
    await asyncio.to_thread(proxy.delay, LATENCY, LATENCY)
    try:
        taken = await asyncio.to_thread(ping, proxy.url, PATIENCE)
        require(taken >= 2 * LATENCY, f"a call took {taken:.3f} s only")
        delayed = proxy.delayed
        await waiting.elapsed(random.uniform(0.7, 1.3) * LEASE)
        await waiting.true(lambda: proxy.delayed > delayed, deadline=PATIENCE)
    finally:
        await asyncio.to_thread(proxy.mend)


async def black_hole(member: Member, random: Random) -> None:
    """Let everything between it and Redis vanish for more than a lease, until it says that it is not ready."""
    proxy = member.proxy
    withheld = proxy.withheld
    await asyncio.to_thread(proxy.black_hole)
    try:
        await waiting.elapsed(random.uniform(1.5, 2) * LEASE)
        require(proxy.withheld > withheld, f"{member.queue} said nothing")
        await _not_ready(member.process)
    finally:
        await asyncio.to_thread(proxy.mend)


async def _not_ready(process: ServiceProcess) -> None:
    """Return when the process itself has noticed that it cannot reach Redis."""

    def says() -> int:
        return httpx.get(f"{process.url}/readyz", timeout=PATIENCE).status_code

    async def asked() -> int:
        return await asyncio.to_thread(says)

    await waiting.eventually(asked, lambda code: code == UNAVAILABLE, deadline=PATIENCE)


OnMember = Callable[[Member, Random], Awaitable[None]]

ON_WORKERS: dict[str, OnMember] = {
    "worker killed (`kill -9`)": kill,
    "worker frozen beyond its lease (`SIGSTOP`, `SIGCONT`)": freeze,
    "worker’s connections reset": cut,
    "worker’s connections slow": delay,
    "worker’s connections silent beyond its lease": black_hole,
}
ON_GATEWAY: dict[str, OnMember] = {
    "gateway killed (`kill -9`)": kill,
    "gateway’s connections reset": cut,
    "gateway’s connections slow": delay,
    "gateway’s connections silent": black_hole,
}
TAKES_JOBS = frozenset({kill, freeze, black_hole})
"""Faults after which another worker must run what the one ran that they hit."""
