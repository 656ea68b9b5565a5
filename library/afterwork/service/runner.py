"""`run_service`: from settings to a working service, and from SIGTERM to a clean end."""

import asyncio
import os
import signal
import threading
from types import FrameType

import structlog
import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from afterwork import errors
from afterwork.contracts import QueueOverview
from afterwork.engine import JobRouter
from afterwork.engine.overview import QueueReader
from afterwork.engine.retry import Backoff
from afterwork.engine.worker import Worker, WorkerOptions
from afterwork.service.health import HealthServer, LoopWatch, Probe
from afterwork.service.metrics import QueueCollector, WorkerMetrics
from afterwork.service.settings import HealthSettings, ServiceSettings

logger = structlog.get_logger()

HARD_STOP_MARGIN = 2.0
"""Seconds after the grace period in which the loop must have ended by itself."""


class Service:
    """One process of a service: a worker in the loop, health and deadline in threads."""

    def __init__(self, router: JobRouter, settings: ServiceSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._loop = loop
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        metrics = WorkerMetrics(self._registry, router.queue)
        self.worker = Worker(router, _options(settings), metrics)
        self._queues = QueueReader(settings.redis.url)
        self._registry.register(QueueCollector(self._read_queues))
        self._watch = LoopWatch(loop, self._longest_timeout, metrics.loop_lag)

    async def run(self) -> None:
        """Work until a signal has drained the worker."""
        probe = Probe(self._watch.is_live, self._not_ready, self._registry)
        health = _listen(self._settings.health, probe)
        health.start()
        threading.Thread(target=self._watch.watch, args=(self._ended,), name="watch", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        logger.info("service ready", worker=self.worker.name, queue=self.worker.queue_name, health=health.url)
        _announce(self._settings.ready_fd, health.url)
        try:
            await self.worker.async_run()
        finally:
            self._ended.set()
            await self.worker.close()
            health.stop()
        logger.info("service ended", worker=self.worker.name)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """A plain handler, so that it also runs while a job blocks the loop."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._loop.call_soon_threadsafe(self.worker.drain)
        threading.Thread(target=self._enforce_end, name="deadline", daemon=True).start()

    def _enforce_end(self) -> None:
        """If the loop is blocked beyond the grace period, hand the jobs back from this thread and end."""
        if self._ended.wait(self._settings.worker.grace + HARD_STOP_MARGIN):
            return
        try:
            logger.error("the loop is blocked beyond the grace period, ending")
            released = self.worker.release_now()
            logger.info("handed back", jobs=released)
        finally:  # if Redis is away, the leases end by themselves
            os._exit(0)

    def _read_queues(self) -> list[QueueOverview] | None:
        try:
            return self._queues.read()
        except errors.UnavailableError:
            return None

    def _not_ready(self) -> dict[str, str] | None:
        if self._stopping.is_set():
            return {"worker": "draining"}
        try:
            self._queues.ping()
        except errors.UnavailableError as error:
            return {"redis": error.detail}
        return None

    def _longest_timeout(self) -> float:
        return max((execution.claim.timeout for execution in list(self.worker.running.values())), default=0.0)


def run_service(router: JobRouter, settings: ServiceSettings) -> None:
    """Run the service until SIGTERM or SIGINT has drained it. The `__main__` of a service ends with this call.

    SIGTERM: no new claims; running jobs have the grace period, then they are handed back at once.
    """
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    task = loop.create_task(Service(router, settings, loop).run())
    while not task.done():
        _run_until(loop, task)
    task.result()
    _leave_behind(loop)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _run_until(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    """A job may stop the loop, or a task of its own may leave it by SystemExit; the loop is entered again."""
    try:
        loop.run_until_complete(task)
    except (SystemExit, KeyboardInterrupt, RuntimeError) as error:
        if task.done() or loop.is_closed():
            raise
        logger.warning("a job tried to end the event loop", error=type(error).__name__)


def _listen(settings: HealthSettings, probe: Probe) -> HealthServer:
    try:
        return HealthServer(settings.host, settings.port, probe)
    except OSError as error:
        raise SystemExit(
            f"afterwork: cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from None


def _leave_behind(loop: asyncio.AbstractEventLoop) -> None:
    """What jobs left running and nothing can stop must not keep the process; their jobs have long ended."""
    threads = [thread.name for thread in threading.enumerate() if not thread.daemon]
    if len(threads) > 1 or asyncio.all_tasks(loop):
        logger.warning("ending, although jobs have left something running", threads=len(threads) - 1)
        os._exit(0)


def _options(settings: ServiceSettings) -> WorkerOptions:
    return WorkerOptions(
        url=settings.redis.url,
        concurrency=settings.worker.concurrency,
        lease=settings.lease,
        grace=settings.worker.grace,
        backoff=Backoff(settings.worker.retry_base, settings.worker.retry_cap),
    )


def _announce(ready_fd: int | None, url: str) -> None:
    """Tell a supervisor, once, that this process answers at the URL."""
    if ready_fd is not None:
        os.write(ready_fd, f"{url}\n".encode())
        os.close(ready_fd)
