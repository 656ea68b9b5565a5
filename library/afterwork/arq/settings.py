"""Settings classes as ARQ has them, base classes included, and the check of a worker's health by them."""

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any

from arq import worker as arq_worker
from arq.connections import RedisSettings
from arq.constants import default_queue_name, health_check_key_suffix
from redis.exceptions import RedisError
from structlog import get_logger

from afterwork.arq.connections import unconnected
from afterwork.arq.servers import engine_pool
from afterwork.arq.words import told
from afterwork.engine.server import connection

NAMES = (*inspect.signature(arq_worker.Worker).parameters, "lease")
"""What a settings class may say."""

logger = get_logger("arq.worker")


def get_kwargs(settings_cls: Any) -> dict[str, Any]:  # noqa: ANN401 - a class, an object or a dict
    """What the settings say, whether in the class itself or in one of its bases."""
    if isinstance(settings_cls, Mapping):
        return {name: settings_cls[name] for name in NAMES if name in settings_cls}
    found = {
        name: inspect.getattr_static(settings_cls, name, None)
        for name in NAMES
        if hasattr(settings_cls, name)
    }
    return {
        name: getattr(settings_cls, name)
        if isinstance(value, staticmethod | classmethod | property)
        else value
        for name, value in found.items()
    }


async def async_check_health(
    redis_settings: RedisSettings | None, health_check_key: str | None = None, queue_name: str | None = None
) -> int:
    """0 if a worker of the queue has given a sign of life lately; 1 if none has, or Redis does not tell."""
    redis = engine_pool(unconnected(redis_settings or RedisSettings()))
    try:
        sign = await redis.get(
            health_check_key or (queue_name or default_queue_name) + health_check_key_suffix
        )
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("Health check failed", detail=told(error, redis.connection_pool))
        return 1
    finally:
        await connection.close(redis)
    if not sign:
        logger.warning("Health check failed: no health check sentinel value found")
        return 1
    logger.info("Health check successful", sign=sign.decode(errors="replace"))
    return 0


def check_health(settings_cls: Any) -> int:  # noqa: ANN401 - as above
    """The same by a settings class."""
    known = get_kwargs(settings_cls)
    return asyncio.run(
        async_check_health(
            known.get("redis_settings"), known.get("health_check_key"), known.get("queue_name")
        )
    )
