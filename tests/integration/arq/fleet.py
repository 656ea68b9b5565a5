"""Settings for worker processes, ours and stock ones, that share a queue; each run leaves a trace in Redis."""

import asyncio
import os
from typing import Any

from afterwork.arq import RedisSettings
from afterwork.arq.functions import func

JOB_TIMEOUT = 2
"""Seconds: a stock worker's lock outlives it by this and 10 s."""
HELD = 0.05
"""Seconds that a job takes."""
STARTED, ENDED = "trace:started", "trace:ended"


async def leave_trace(ctx: dict[Any, Any], number: int) -> int:
    """Note the beginning and the end of a run, and who ran it."""
    redis: Any = ctx["redis"]
    await redis.rpush(STARTED, f"{ctx['job_id']} {os.getpid()}")
    await asyncio.sleep(HELD)
    await redis.rpush(ENDED, f"{ctx['job_id']} {os.getpid()}")
    return number


async def greet(_ctx: dict[Any, Any], name: str) -> str:
    """Something to see."""
    return f"hello {name}"


class Base:
    """What all have in common."""

    functions = (func(leave_trace, name="leave_trace"), func(greet, name="greet"))
    redis_settings = RedisSettings(unix_socket_path=os.environ.get("REDIS_SOCKET", ""))
    max_jobs = 5
    job_timeout = JOB_TIMEOUT


class Ours(Base):
    """Inherits everything but its lease."""

    lease = 1.5
    health_check_interval = 2


class Stock:
    """Stock ARQ reads no base classes."""

    functions = Base.functions
    redis_settings = Base.redis_settings
    max_jobs = Base.max_jobs
    job_timeout = Base.job_timeout
    poll_delay = 0.01
