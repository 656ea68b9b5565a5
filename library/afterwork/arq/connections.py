"""`ArqRedis` and `create_pool` as ARQ has them; what is enqueued has a record from the first moment."""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from arq import connections as arq_connections
from arq.connections import RedisSettings
from arq.constants import default_queue_name, expires_extra_ms
from arq.jobs import Deserializer, JobResult, Serializer, serialize_job
from arq.utils import timestamp_ms, to_ms, to_unix_ms
from redis.exceptions import RedisError
from structlog import get_logger

from afterwork.arq import sentinels
from afterwork.arq.enqueuing import Enqueuer
from afterwork.arq.jobs import Job
from afterwork.arq.words import told
from afterwork.engine import keys
from afterwork.engine.jobs.changes import Changes
from afterwork.engine.server.pools import NO_SENTINELS

__all__ = ["ArqRedis", "RedisSettings", "create_pool"]

logger = get_logger("arq.connections")

MAX_TRIES = 5
JOB_TIMEOUT_MS = 300_000
"""What a record says of a job before a worker has it: the defaults of ARQ's worker."""
_DIRECT = (
    *("host", "port", "unix_socket_path", "username", "password", "ssl", *sentinels.TLS),
    *("retry", "retry_on_timeout", "retry_on_error", "max_connections"),
)
"""What ARQ's settings and redis-py's client call by the same names."""


class ArqRedis(arq_connections.ArqRedis):
    """A Redis client that enqueues jobs, in ARQ's form. Jobs that are enqueued at a time share calls to Redis.

    changes: by which jobs of this process hear of their ends, over one connection.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - ARQ's and redis-py's own
        super().__init__(*args, **options)
        self._enqueuer = Enqueuer(self)
        self.changes = Changes(self)

    async def enqueue_job(
        self,
        function: str,
        *args: Any,  # noqa: ANN401 - the function's own
        _job_id: str | None = None,
        _queue_name: str | None = None,
        _defer_until: datetime | None = None,
        _defer_by: float | timedelta | None = None,
        _expires: float | timedelta | None = None,
        _job_try: int | None = None,
        **kwargs: Any,  # noqa: ANN401 - the function's own
    ) -> Job | None:
        """Enqueue a job; None if there is one with this id, or its result.

        _expires: seconds after which it is not started any more; without it, a job never expires.
        Raises what redis-py raises, SerializationError, or RuntimeError for both `_defer_until` and `_defer_by`.
        """
        if _defer_until and _defer_by:
            raise RuntimeError("use either 'defer_until' or 'defer_by' or neither, not both")
        job_id = _job_id or uuid4().hex
        payload = serialize_job(
            function, args, kwargs, _job_try, timestamp_ms(), serializer=self.job_serializer
        )
        queue = _queue_name or self.default_queue_name
        due = (
            ("at", to_unix_ms(_defer_until))
            if _defer_until is not None
            else ("delay", (to_ms(_defer_by) if _defer_by else 0) or 0)
        )
        expires = to_ms(_expires) if _expires else ""
        return await self._store(job_id, queue, (function, *due, expires or "", 0, payload))

    async def enqueue_once(self, function: str, job_id: str, queue: str, at: datetime) -> Job | None:
        """Enqueue a job whose id stands for one run only: None if there ever was one whose record is still kept."""
        payload = serialize_job(function, (), {}, None, timestamp_ms(), serializer=self.job_serializer)
        return await self._store(job_id, queue, (function, "at", to_unix_ms(at), "", 1, payload))

    async def _store(
        self, job_id: str, queue: str, wanted: tuple[str, str, int, int | str, int, bytes]
    ) -> Job | None:
        function, clock, ms, expires, once, payload = wanted
        request = secrets.token_hex(8)
        stored = await self._enqueuer.enqueue(
            [
                *(job_id, queue, function, request, clock, ms),
                *(MAX_TRIES, JOB_TIMEOUT_MS, expires, once, payload),
            ]
        )
        return Job(job_id, self, queue, self.job_deserializer) if stored else None

    async def _get_job_result(self, key: bytes) -> JobResult:
        job_id = key[len(keys.RESULT) :].decode()
        result = await Job(job_id, self, _deserializer=self.job_deserializer).result_info()
        if result is None:
            raise KeyError(f'job "{key.decode()}" not found')
        result.job_id = job_id
        return result

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's signature
        """Follow nothing any more and close the connections."""
        await self.changes.close()
        await self._enqueuer.close()
        await super().aclose(close_connection_pool)
        if self.auto_close_connection_pool if close_connection_pool is None else close_connection_pool:
            for sentinel in getattr(self.connection_pool, "sentinel_manager", NO_SENTINELS).sentinels:
                await sentinel.aclose(close_connection_pool=True)

    async def close(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's signature
        """The same, by its older name."""
        await self.aclose(close_connection_pool)


async def create_pool(
    settings_: RedisSettings | None = None,
    *,
    retry: int = 0,
    job_serializer: Serializer | None = None,
    job_deserializer: Deserializer | None = None,
    default_queue_name: str = default_queue_name,
    expires_extra_ms: int = expires_extra_ms,
) -> ArqRedis:
    """Connect, trying again `conn_retries` times. Raises what redis-py raises.

    retry: how many of these are spent already.
    expires_extra_ms: taken as ARQ takes it; a job without `_expires` never expires here.
    """
    settings = settings_ or RedisSettings()
    pool = unconnected(settings)
    await _reached(pool, settings, retry)
    pool.job_serializer, pool.job_deserializer = job_serializer, job_deserializer
    pool.default_queue_name, pool.expires_extra_ms = default_queue_name, expires_extra_ms
    return pool


def unconnected(settings: RedisSettings) -> ArqRedis:
    """A pool that connects at its first use."""
    if settings.sentinel:
        pool = ArqRedis(sentinels.pool_of(settings))
    else:
        options = {name: getattr(settings, name) for name in _DIRECT}
        pool = ArqRedis(
            db=settings.database, socket_connect_timeout=settings.conn_timeout, encoding="utf8", **options
        )
    pool.auto_close_connection_pool = True
    return pool


async def _reached(pool: ArqRedis, settings: RedisSettings, retry: int) -> None:
    for left in range(max(0, settings.conn_retries - retry), -1, -1):
        try:
            await pool.ping()
        except (RedisError, OSError, TimeoutError) as error:
            if left == 0:
                await pool.aclose()
                raise
            logger.warning("no connection yet", detail=told(error, pool.connection_pool), retries=left)
            await asyncio.sleep(settings.conn_retry_delay)
        else:
            return


def adopted(stock: arq_connections.ArqRedis) -> ArqRedis:
    """A pool of stock ARQ as one of ours, which closes its connections."""
    pool = ArqRedis(
        stock.connection_pool,
        job_serializer=stock.job_serializer,
        job_deserializer=stock.job_deserializer,
        default_queue_name=stock.default_queue_name,
        expires_extra_ms=stock.expires_extra_ms,
    )
    pool.auto_close_connection_pool = True
    return pool
