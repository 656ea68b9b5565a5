"""What can happen to Redis. As with the other faults, each makes sure that it happens, and returns when it is over."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random

from redis import Redis
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as Silence
from tests.chaos.appender.contracts import QUEUE
from tests.chaos.applied import NotAppliedError, ping, require
from tests.chaos.fleet import LEASE, PATIENCE, Fleet
from tests.chaos.producers import Producers, Way
from tests.integration.workers import waiting

from afterwork.contracts import JobState
from afterwork.errors import QueueFull


async def kill_redis(fleet: Fleet, _producers: Producers, random: Random) -> None:
    """`kill -9` of Redis, which is away for up to one and a half leases."""
    await asyncio.to_thread(fleet.server.kill)
    await _stay_away(fleet, random.uniform(0, 1.5) * LEASE)


async def restart_redis(fleet: Fleet, _producers: Producers, _random: Random) -> None:
    """End Redis in order, and start it again at once."""
    await asyncio.to_thread(fleet.server.stop)
    await _stay_away(fleet, 0)


async def _stay_away(fleet: Fleet, seconds: float) -> None:
    try:
        with fleet.server.client() as client:
            await asyncio.to_thread(client.ping)
        raise NotAppliedError("Redis answers although it has ended")
    except Unreachable:
        await waiting.elapsed(seconds)
    await asyncio.to_thread(fleet.server.start)


async def stall_redis(fleet: Fleet, _producers: Producers, random: Random) -> None:
    """`DEBUG SLEEP`: for more than a lease Redis answers nobody."""
    seconds = random.uniform(1.2, 2) * LEASE
    with fleet.server.client() as client:
        sleeping = asyncio.create_task(asyncio.to_thread(_sleep, client, seconds))
        await waiting.elapsed(LEASE / 4)
        is_silent = False
        try:
            await asyncio.to_thread(ping, fleet.server.url, LEASE / 4)
        except Silence:
            is_silent = True
        slept = await sleeping
    require(is_silent and slept >= LEASE, f"Redis was stalled for {slept:.1f} s, silent: {is_silent}")


def _sleep(client: Redis, seconds: float) -> float:
    before = time.monotonic()
    client.execute_command("DEBUG", "SLEEP", seconds)  # type: ignore[no-untyped-call]
    return time.monotonic() - before


async def fill_redis(fleet: Fleet, producers: Producers, random: Random) -> None:
    """No memory for new work, until what runs has ended and new work was refused."""
    long = await producers.submit(producers.short(QUEUE, seconds=0.5), Way.CLIENT, random)
    await waiting.eventually(
        lambda: fleet.client.get(long), lambda job: job.state is JobState.RUNNING, deadline=PATIENCE
    )
    with fleet.server.client() as client:
        limit = client.info("memory")["used_memory"] // 2
        await asyncio.to_thread(client.config_set, "maxmemory", limit)
        try:
            await _refuses_new_work(fleet, producers)
            job = (await waiting.ended(fleet.client, long, deadline=PATIENCE))[0]
            require(job.state is JobState.SUCCEEDED, f"what ran while Redis was full ended as {job.state}")
            await waiting.elapsed(random.uniform(0, LEASE / 2))
            await _refuses_new_work(fleet, producers)
        finally:
            await asyncio.to_thread(client.config_set, "maxmemory", 0)


async def _refuses_new_work(fleet: Fleet, producers: Producers) -> None:
    try:
        await fleet.client.submit(producers.short(QUEUE))
    except QueueFull:
        refused = producers.repeats
        await waiting.true(lambda: producers.repeats > refused, deadline=PATIENCE)
    else:
        raise NotAppliedError("Redis is full and took a job")


OnRedis = Callable[[Fleet, Producers, Random], Awaitable[None]]

ON_REDIS: dict[str, OnRedis] = {
    "Redis killed (`kill -9`)": kill_redis,
    "Redis restarted": restart_redis,
    "Redis stalled beyond a lease (`DEBUG SLEEP`)": stall_redis,
    "Redis full": fill_redis,
}
