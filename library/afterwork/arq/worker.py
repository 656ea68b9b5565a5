"""`Worker` as ARQ has it, run by Afterwork's engine; and what starts one from a settings class."""

import asyncio
import signal
from contextlib import suppress
from datetime import datetime, timedelta
from signal import Signals
from typing import Any, cast

import structlog
from arq import worker as arq_worker
from arq.connections import log_redis_info
from arq.constants import default_queue_name
from arq.cron import CronJob
from arq.utils import to_seconds, to_unix_ms
from arq.worker import FailedJobs, JobExecutionFailed, Retry, RetryJob
from redis.exceptions import RedisError

from afterwork.arq.checking import check, warn_of_misspelt
from afterwork.arq.connections import ArqRedis, RedisSettings, adopted, unconnected
from afterwork.arq.engine import Engine
from afterwork.arq.execution import Rules
from afterwork.arq.functions import Function, Seconds, func
from afterwork.arq.settings import async_check_health, check_health, get_kwargs
from afterwork.arq.stock import StockWatch
from afterwork.arq.waiting import await_fit_server
from afterwork.engine.tasks import end
from afterwork.engine.work.outcome import Cancelled, Done, Failed, Outcome, Released
from afterwork.engine.work.outcome import Retry as Again

__all__ = [
    "FailedJobs",
    "Function",
    "JobExecutionFailed",
    "Retry",
    "RetryJob",
    "Worker",
    "async_check_health",
    "check_health",
    "create_worker",
    "func",
    "get_kwargs",
    "run_worker",
]

BEAT = 0.5
"""Seconds between two beats: health, cron, and what stock clients ask for."""
BURST_LOOK = 0.02
"""Seconds between two looks whether a burst is over."""
HOOKS = ("on_job_start", "on_job_end", "after_job_end")

logger = structlog.get_logger("arq.worker")


class Worker(arq_worker.Worker):
    """Runs jobs; every argument that ARQ's worker takes means the same here, apart from those for its polling.

    lease: seconds after which a silent worker's jobs run elsewhere; the same for all processes.
    `poll_delay`, `queue_read_limit` and `expires_extra_ms` have no effect, and aborts work without `allow_abort_jobs`.
    Raises ValueError for a setting that cannot be meant.
    """

    def __init__(
        self,
        functions: Any = (),  # noqa: ANN401 - as ARQ takes them
        *,
        queue_name: str | None = default_queue_name,
        lease: Seconds = 15.0,
        **options: Any,  # noqa: ANN401 - ARQ's own
    ) -> None:
        check({**options, "lease": lease})
        super().__init__(list(map(func, functions)), queue_name=queue_name, **options)
        self.lease = to_seconds(lease)
        self._engine: Engine | None = None
        self._has_begun = False

    async def main(self) -> None:
        """Work until a signal, `close`, or the end of a burst. Raises UnfitServer if Redis will never do."""
        if self._pool is None:
            self._pool = unconnected(self.redis_settings or RedisSettings())
            self._pool.job_serializer, self._pool.job_deserializer = (
                self.job_serializer,
                self.job_deserializer,
            )
            self._pool.default_queue_name = self.queue_name
        elif not isinstance(self._pool, ArqRedis):
            self._pool = adopted(self._pool)
        await await_fit_server(cast(ArqRedis, self.pool))
        self._has_begun = True
        await self._greet()
        self.ctx["redis"] = self.pool
        if self.on_startup:
            await self.on_startup(self.ctx)
        self._engine = engine = Engine(
            cast(ArqRedis, self.pool),
            self._rules(),
            lease=self.lease,
            max_jobs=self.max_jobs,
            max_starts=self.max_burst_jobs if self.burst and self.max_burst_jobs >= 0 else None,
            on_count=self._count,
        )
        if not self.allow_pick_jobs:
            engine.stop(0)
        background = [asyncio.create_task(self._keep_beating())]
        if self.burst:
            background.append(asyncio.create_task(self._end_burst(engine)))
        try:
            await engine.run()
        finally:
            await end(background)
            self._engine = None

    def handle_sig(self, signum: Signals) -> None:
        """Stop every job, hand it back, and end."""
        self._end(signum, 0)

    def handle_sig_wait_for_completion(self, signum: Signals) -> None:
        """Claim nothing any more; jobs that have not ended after `job_completion_wait` seconds are handed back."""
        self._end(signum, self._job_completion_wait)

    async def close(self) -> None:
        """End, call `on_shutdown` if there was a start, and close the connections."""
        if self._pool is None:
            return
        if self._engine is not None:
            self._end(signal.SIGUSR1, 0)
        if self.main_task is not None and not self.main_task.done():
            await asyncio.wait([self.main_task])
        try:
            if self._has_begun:
                await self._say_goodbye()
        finally:
            await self.pool.close(close_connection_pool=True)
            self._pool = None

    async def _say_goodbye(self) -> None:
        with suppress(RedisError, OSError, TimeoutError):
            await self.pool.delete(self.health_check_key)
        if self.on_shutdown:
            await self.on_shutdown(self.ctx)

    async def run_cron(self, n: datetime, delay: float, num_windows: int = 2) -> None:
        """Enqueue the cron jobs that are due within the window, each once, however many workers there are."""
        until = n + timedelta(seconds=delay * num_windows)
        for job in self.cron_jobs:
            if job.next_run is None and job.run_at_startup:
                job.next_run = n
            if job.next_run is None:
                job.calculate_next(n)
            elif job.next_run < until:
                at = job.next_run
                await self._enqueue_cron(job, at)
                job.calculate_next(at)

    async def _enqueue_cron(self, job: CronJob, at: datetime) -> None:
        pool, queue = cast(ArqRedis, self.pool), self.queue_name
        if job.job_id or not job.unique:
            ahead = at if at > datetime.now(tz=self.timezone) else None
            await pool.enqueue_job(job.name, _job_id=job.job_id, _queue_name=queue, _defer_until=ahead)
        else:
            await pool.enqueue_once(job.name, f"{job.name}:{to_unix_ms(at)}", queue, at)

    def __repr__(self) -> str:
        return (
            f"<Worker j_complete={self.jobs_complete} j_failed={self.jobs_failed} j_retried={self.jobs_retried} "
            f"j_ongoing={self._ongoing}>"
        )

    @property
    def _ongoing(self) -> int:
        return len(self._engine.attempts.running) if self._engine else 0

    def _rules(self) -> Rules:
        return Rules(
            functions=self.functions,
            queue=self.queue_name,
            ctx=self.ctx,
            timeout=self.job_timeout_s or 0.0,
            max_tries=self.max_tries,
            keep=self.keep_result_s or 0.0,
            keep_forever=self.keep_result_forever,
            retry_jobs=self.retry_jobs,
            serializer=self.job_serializer,
            deserializer=self.job_deserializer,
            hooks={name: getattr(self, name) for name in HOOKS},
        )

    async def _greet(self) -> None:
        logger.info("Starting worker", queue=self.queue_name, functions=", ".join(self.functions))
        if self.job_serializer is None:
            logger.info(
                "jobs are pickled, as ARQ does: whoever can write to Redis can run code here; "
                "a job_serializer and job_deserializer for JSON are recommended"
            )
        with suppress(RedisError, OSError, TimeoutError):
            await log_redis_info(self.pool, logger.info)

    def _count(self, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self.jobs_complete += 1
            case Failed() | Cancelled():
                self.jobs_failed += 1
            case Again() | Released():
                self.jobs_retried += 1

    def _end(self, signum: Signals, grace: float) -> None:
        self.allow_pick_jobs = False
        logger.info(
            "shutdown",
            signal=signum.name,
            complete=self.jobs_complete,
            failed=self.jobs_failed,
            retried=self.jobs_retried,
            ongoing=self._ongoing,
        )
        if self._engine is not None:
            self._engine.stop(grace)
        elif self.main_task is not None:
            self.main_task.cancel()
        if self.on_stop:
            self.on_stop(signum)

    async def _keep_beating(self) -> None:
        """Health, cron and stock clients, whatever one beat meets with."""
        rules = self._rules()
        watch = StockWatch(
            cast(Any, self.pool),
            self.queue_name,
            serializer=self.job_serializer,
            deserializer=self.job_deserializer,
            keep=rules.keep_of(None),
        )
        while True:
            for duty in (self.heart_beat, watch.look):
                try:
                    await duty()
                except (RedisError, OSError, TimeoutError):
                    logger.debug("a beat without Redis")
                except Exception:
                    logger.exception("a beat failed")
            await asyncio.sleep(BEAT)

    async def _end_burst(self, engine: Engine) -> None:
        while True:
            with suppress(RedisError, OSError, TimeoutError):
                if not engine.attempts.may_start_more or await engine.is_empty():
                    engine.stop()
                    return
            await asyncio.sleep(BURST_LOOK)


def create_worker(settings_cls: Any, **kwargs: Any) -> Worker:  # noqa: ANN401 - a class or a dict, as ARQ takes it
    """A worker with these settings, those of base classes included. Raises ValueError for one that cannot be meant."""
    warn_of_misspelt(settings_cls)
    return Worker(**{**get_kwargs(settings_cls), **kwargs})


def run_worker(settings_cls: Any, **kwargs: Any) -> Worker:  # noqa: ANN401 - as above
    """Run a worker until a signal ends it, or its burst is over."""
    worker = create_worker(settings_cls, **kwargs)
    worker.run()
    return worker
