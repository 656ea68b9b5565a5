"""What a new gateway and a new worker would find out about a server."""

import time
from collections.abc import Callable
from typing import Any

from afterwork.engine import JobClient, ServerReport
from afterwork.engine.jobs.overview import QueueReader

Admin = Any
"""A `redis.Redis`, whose own types fit neither of its two lives."""
SEEN_WITHIN = 3.0
"""Seconds after which a change must have been noticed."""


async def reports(url: str, *, replicas: int = 0) -> tuple[ServerReport, ServerReport]:
    """By the watch for loops and by the one for threads."""
    async with JobClient.connect(url, replicas=replicas) as client:
        return await client.server(), QueueReader(url, replicas=replicas).server()


async def codes(url: str, *, replicas: int = 0) -> list[str]:
    """Of the findings, about which both agree, and which name no address."""
    by_loop, by_thread = await reports(url, replicas=replicas)
    found = [finding.code for finding in by_loop.findings]
    assert [finding.code for finding in by_thread.findings] == found
    assert "aw-redis" not in by_loop.reason + by_thread.reason, "no addresses"
    return found


async def seen_by(client: JobClient, holds: Callable[[ServerReport], bool]) -> None:
    """Return as soon as a client that was connected before sees it, too."""
    end = time.monotonic() + SEEN_WITHIN
    while not holds(report := await client.server()):
        assert time.monotonic() < end, report
