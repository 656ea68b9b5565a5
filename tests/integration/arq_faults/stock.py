"""Workers of stock ARQ: in the loop of a test, which can look inside them, or as processes, which can be killed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import arq
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Function, Worker, func
from tests.integration.workers.waiting import true
from tests.processes import DEADLINE, ROOT
from tests.servers import RedisServer

from afterwork.engine.tasks import end

SETTINGS = "tests.integration.arq_faults.stock_settings."
"""Where `process` finds its settings, by the name of the class."""
Work = Function | Callable[..., Coroutine[Any, Any, Any]]
"""A function of ARQ's, or a coroutine function, which is then known by its own name."""
MORE_POLLS = 5
"""Looks at the queue after which a worker that does nothing will do nothing."""


@asynccontextmanager
async def connected(server: RedisServer) -> AsyncIterator[ArqRedis]:
    """A client with all of ARQ's defaults, pickle included."""
    pool = await arq.create_pool(RedisSettings(unix_socket_path=str(server.socket)))
    try:
        yield pool
    finally:
        await pool.aclose(close_connection_pool=True)


class StockWorker(Worker):
    """ARQ's worker with functions by their names, which counts. polls: how often it has looked at its queue."""

    def __init__(self, functions: Iterable[Work], **options: Any) -> None:  # noqa: ANN401 - ARQ's own
        super().__init__([_named(function) for function in functions], handle_signals=False, **options)
        self.polls = 0

    async def _poll_iteration(self) -> None:
        await super()._poll_iteration()
        self.polls += 1

    async def polls_again(self) -> None:
        """Return when it has looked often enough to have done whatever it is going to do."""
        enough = self.polls + MORE_POLLS
        await true(lambda: self.polls >= enough)


def _named(function: Work) -> Function:
    return function if isinstance(function, Function) else func(function, name=function.__name__)


@asynccontextmanager
async def working(pool: ArqRedis, *functions: Work, **options: Any) -> AsyncIterator[StockWorker]:  # noqa: ANN401
    """One more worker in this loop, with ARQ's options; it ends with the block, and so does what it runs."""
    worker = StockWorker(functions, redis_pool=pool, **options)
    task = asyncio.create_task(worker.async_run())
    try:
        yield worker
    finally:
        await end([task])
        await end(worker.tasks.values())


async def burst(pool: ArqRedis, *functions: Work, **options: Any) -> None:  # noqa: ANN401 - ARQ's own
    """Work until the queue is empty."""
    await StockWorker(functions, redis_pool=pool, burst=True, **options).async_run()


class StockProcess:
    """One `arq <settings>`, as a user starts it."""

    def __init__(self, settings: str, server: RedisServer, log_path: Path) -> None:
        self._log_path = log_path
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "arq", SETTINGS + settings],
                cwd=ROOT,
                env=os.environ | {"REDIS_SOCKET": str(server.socket)},
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log_path.read_text(errors="replace")

    def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        self._process.kill()
        self._process.wait(DEADLINE)

    async def exit_code(self) -> int:
        """As soon as it has ended by itself; raises subprocess.TimeoutExpired."""
        return await asyncio.to_thread(self._process.wait, DEADLINE)


@contextmanager
def process(settings: str, server: RedisServer, directory: Path) -> Iterator[StockProcess]:
    """A worker with the settings of this name in `stock_settings`; its log is shown when a test fails."""
    started = StockProcess(settings, server, directory / f"arq-{settings}.log")
    try:
        yield started
    finally:
        started.kill()
        print(f"--- arq {settings}\n{started.log}")
