"""Settings of an `afterwork worker`, whose Redis is named by what ARQ's own settings take, as JSON in a variable."""

import asyncio
import json
import os
from typing import Any

from afterwork.arq import RedisSettings
from afterwork.arq.functions import func

VARIABLE = "REDIS_SETTINGS"


async def add(_ctx: dict[Any, Any], first: int, second: int, seconds: float = 0) -> int:
    """Take a while for it."""
    await asyncio.sleep(seconds)
    return first + second


class WorkerSettings:
    """lease: s; a job that takes longer must have it renewed."""

    functions = (func(add, name="add"),)
    redis_settings = RedisSettings(**json.loads(os.environ.get(VARIABLE, "{}")))
    lease = 1
    health_check_interval = 1
