"""`run_service`: from settings to a working service, and from SIGTERM to a clean end."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FrameType
from typing import Any, cast

import structlog
import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from afterwork import errors
from afterwork.contracts import QueueOverview
from afterwork.engine import JobRouter, Parts, UnfitServer
from afterwork.engine.jobs.overview import QueueReader
from afterwork.engine.work.executor import STOP_GRACE, waiting
from afterwork.engine.work.guarded_tasks import guarded_task
from afterwork.engine.work.loop_time import BEAT
from afterwork.engine.work.loop_watch import EXIT_STUCK
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.worker import Worker, WorkerOptions
from afterwork.sandbox import Sandbox
from afterwork.service.health import HealthServer, Probe, Readiness
from afterwork.service.metrics import QueueCollector, WorkerMetrics
from afterwork.service.scratch import scratch
from afterwork.service.settings import HealthSettings, ServiceSettings

logger = structlog.get_logger()

HARD_STOP_MARGIN = 2.0
"""Seconds after the grace period in which a worker must have ended by itself; STOP_GRACE more if handlers clean up."""


POOL = "pool"
"""Begins the names of the threads of `asyncio.to_thread`."""
GARBAGE = 10_000
"""New objects after which the collector looks at them. At Python's 700 it took 5 µs of a job's 45."""
PARTING = 0.5
"""Seconds in which such a thread ends if it has nothing to do any more."""


class Service:
    """One process of a service: a worker in the loop, health and deadline in threads."""

    def __init__(
        self,
        router: JobRouter,
        settings: ServiceSettings,
        loop: asyncio.AbstractEventLoop,
        parts: Parts,
    ) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._loop = loop
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        metrics = WorkerMetrics(self._registry, router.queue)
        self.worker = Worker(router, _options(settings), metrics, parts)
        self._queues = QueueReader(settings.redis.url, replicas=settings.redis.replicas)
        self._registry.register(QueueCollector(self._read_queues))
        metrics.loop_lag.set_function(lambda: self.worker.watch.lag)

    async def run(self) -> None:
        """Work until a signal has drained the worker."""
        self._refuse_unfit_server()
        probe = Probe(lambda: self.worker.watch.is_live, self._readiness, self._registry)
        health = _listen(self._settings.health, probe)
        health.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        logger.info("service ready", worker=self.worker.name, queue=self.worker.queue_name, health=health.url)
        _announce(self._settings.ready_fd, health.url)
        try:
            await self.worker.async_run()
        except asyncio.CancelledError:
            self._end_by_force()
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
        """If the worker does not end after the grace period, hand the jobs back from this thread and end."""
        if self._ended.wait(self._settings.worker.grace + HARD_STOP_MARGIN):
            return
        if self.worker.running and not self._is_blocked() and self._ended.wait(STOP_GRACE):
            return
        try:
            logger.error("not ended after the grace period, ending by force", reason=self._why_it_goes_on())
            released = self.worker.release_now()
            logger.info("handed back", jobs=released)
        finally:  # if Redis is away, the leases end by themselves
            os._exit(0)

    def _end_by_force(self) -> None:
        """The worker's own task was cancelled, which only what runs in it can have done."""
        try:
            logger.error("the worker was cancelled from within, ending the process")
            logger.info("handed back", jobs=self.worker.release_now())
        finally:  # if Redis is away, the leases end by themselves
            os._exit(EXIT_STUCK)

    def _is_blocked(self) -> bool:
        """Whether the loop has not run since the grace period was over."""
        return self.worker.watch.lag >= HARD_STOP_MARGIN - BEAT

    def _why_it_goes_on(self) -> str:
        if self._is_blocked():
            return "the event loop is blocked"
        return "what runs does not end" if self.worker.running else "what has ended cannot be written"

    def _read_queues(self) -> list[QueueOverview] | None:
        try:
            return self._queues.read()
        except errors.UnavailableError:
            return None

    def _readiness(self) -> Readiness:
        if self._stopping.is_set():
            return Readiness(is_ready=False, reasons={"worker": "draining"})
        report = self._queues.server()
        return Readiness(report.is_fit, {"redis": report.reason} if report.reason else {})

    def _refuse_unfit_server(self) -> None:
        try:
            self._queues.check_server()
        except UnfitServer as error:
            raise SystemExit(f"afterwork: {error}") from None


OpenParts = Callable[[], AbstractAsyncContextManager[Parts]]


@asynccontextmanager
async def no_parts() -> AsyncIterator[Parts]:
    """For a service whose handlers need nothing but the job."""
    yield Parts()


def run_service(router: JobRouter, settings: ServiceSettings, parts: OpenParts = no_parts) -> None:
    """Run the service until SIGTERM or SIGINT has drained it. The `__main__` of a service ends with this call.

    parts: opens what the handlers work with (`run.part`) besides a `Sandbox`, in the loop, before anything is
    claimed, and closes it in the end. SystemExit in it says why the service cannot start.
    SIGTERM: no new claims; running jobs have the grace period, then they are handed back at once. Exit code 70: what
    the jobs did to the process can only be undone by a new one, which a supervisor is to start.
    """
    with scratch():
        _run(router, settings, parts)


def _run(router: JobRouter, settings: ServiceSettings, parts: OpenParts) -> None:
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_task_factory(cast(Any, guarded_task))  # uvloop knows the factories of Python 3.10
    pool = ThreadPoolExecutor(thread_name_prefix=POOL)
    loop.set_default_executor(pool)
    opened = _with_sandbox(router, settings, parts)
    service = Service(router, settings, loop, loop.run_until_complete(opened.__aenter__()))
    gc.freeze()
    gc.set_threshold(GARBAGE)
    task = loop.create_task(service.run())
    while not task.done():
        _run_until(loop, task)
    task.result()
    loop.run_until_complete(opened.__aexit__(None, None, None))
    pool.shutdown(wait=False, cancel_futures=True)
    code = EXIT_STUCK if service.worker.is_stuck else 0
    _leave_behind(loop, code)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    if code:
        raise SystemExit(code)


@asynccontextmanager
async def _with_sandbox(
    router: JobRouter, settings: ServiceSettings, parts: OpenParts
) -> AsyncIterator[Parts]:
    """Every service has a sandbox, which costs nothing until a handler uses it."""
    async with parts() as given, sandbox_of(router, settings) as sandbox:
        yield given.beside(sandbox)


def sandbox_of(router: JobRouter, settings: ServiceSettings) -> Sandbox:
    """A sandbox as a service has it, to be opened by `parts` if one of these needs it; not started yet."""
    return Sandbox(
        preload=router.preload,
        processes=settings.sandbox.processes,
        memory=settings.sandbox.memory,
        waiting=waiting,
    )


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


def _leave_behind(loop: asyncio.AbstractEventLoop, code: int) -> None:
    """What jobs left running and nothing can stop must not keep the process; their jobs have long ended."""
    for thread in threading.enumerate():
        if thread.name.startswith(POOL):
            thread.join(PARTING)
    threads = [thread.name for thread in threading.enumerate() if not thread.daemon]
    if len(threads) > 1 or asyncio.all_tasks(loop):
        logger.warning("ending, although jobs have left something running", threads=len(threads) - 1)
        os._exit(code)


def _options(settings: ServiceSettings) -> WorkerOptions:
    return WorkerOptions(
        url=settings.redis.url,
        concurrency=settings.worker.concurrency,
        lease=settings.lease,
        max_finished=settings.max_finished,
        grace=settings.worker.grace,
        backoff=Backoff(settings.worker.retry_base, settings.worker.retry_cap),
    )


def _announce(ready_fd: int | None, url: str) -> None:
    """Tell a supervisor, once, that this process answers at the URL."""
    if ready_fd is not None:
        os.write(ready_fd, f"{url}\n".encode())
        os.close(ready_fd)
