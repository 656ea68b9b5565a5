"""What the stock workers that are processes run."""

import asyncio
import os
from typing import Any, NoReturn

from arq.connections import RedisSettings

Ctx = dict[Any, Any]
REDIS = RedisSettings(unix_socket_path=os.environ.get("REDIS_SOCKET", ""))


async def sleep(_: Ctx, seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


async def leave(_: Ctx) -> NoReturn:
    raise SystemExit(3)


async def fail(_: Ctx) -> NoReturn:
    raise ValueError("a hook that fails")


class Plain:
    functions = (sleep, leave)
    redis_settings = REDIS


class FailingHook:
    functions = (sleep,)
    redis_settings = REDIS
    on_job_start = fail


class KeepingForever:
    functions = (sleep,)
    redis_settings = REDIS
    keep_result_forever = True


class Inheriting(Plain):
    """All that it needs it has from its base."""
