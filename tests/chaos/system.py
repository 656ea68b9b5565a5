"""The whole system as real processes, each of which may be killed at any moment and is started again."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from random import Random

from tests.integration.workers import waiting
from tests.integration.workers.supervision import supervised
from tests.processes import TRIAL, ServiceProcess, variables
from tests.servers import RedisServer

LEASE = 2
CONCURRENCY = 10
"""Jobs at a time in each worker, and so the most that the death of one can repeat."""
LONGEST_AWAY = 1.5 * LEASE
"""Seconds that Valkey may be away while the workers live, who must not be taken for dead because of it."""
WORKERS = ["notifier", "processor", "processor", "archiver"]


class Victim(StrEnum):
    """Who is killed."""

    WORKER = "worker"
    GATEWAY = "gateway"
    VALKEY = "valkey"
    ALL = "all"


class System:
    """Valkey, a gateway and four workers. killed: process ids of the workers killed so far."""

    def __init__(self, valkey: RedisServer, gateway: ServiceProcess, workers: list[ServiceProcess]) -> None:
        self.valkey = valkey
        self.gateway = gateway
        self.workers = workers
        self.killed: list[int] = []
        self._valkey_is_up = True

    @property
    def logs(self) -> list[Path]:
        """What the workers logged, as JSON lines."""
        return [worker.log_path for worker in self.workers]

    @property
    def is_up(self) -> bool:
        """Whether every process runs and has said that it is ready."""
        return self._valkey_is_up and all(
            process.is_running and process.is_ready for process in [self.gateway, *self.workers]
        )

    async def kill(self, victim: Victim, random: Random) -> None:
        """`kill -9`; what was killed is started again at once, Valkey alone after a while."""
        match victim:
            case Victim.WORKER:
                self._kill_worker(random.choice(self.workers))
            case Victim.GATEWAY:
                _kill(self.gateway)
            case Victim.VALKEY:
                await self._restart_valkey(away=random.uniform(0, LONGEST_AWAY))
            case Victim.ALL:
                for worker in self.workers:
                    self._kill_worker(worker)
                _kill(self.gateway)
                await self._restart_valkey(away=0)

    def _kill_worker(self, worker: ServiceProcess) -> None:
        if worker.is_running:
            self.killed.append(worker.pid)
            _kill(worker)

    async def _restart_valkey(self, *, away: float) -> None:
        self._valkey_is_up = False
        await asyncio.to_thread(self.valkey.kill)
        await waiting.elapsed(away)
        await asyncio.to_thread(self.valkey.start)
        self._valkey_is_up = True


@asynccontextmanager
async def running_system(directory: Path, **extra: object) -> AsyncIterator[System]:
    """The system, up and supervised until the end of the block; logs as JSON in the directory. extra: more settings."""
    # A small limit for rewrites of the append-only file, so that some are under way when it is killed.
    rewrites = {"auto_aof_rewrite_min_size": "256kb", "auto_aof_rewrite_percentage": "50"}
    with RedisServer(**rewrites) as valkey:
        modules = ["gateway", *WORKERS]
        settings = TRIAL | {
            "lease": LEASE,
            "log__format": "json",
            "worker__concurrency": CONCURRENCY,
            **extra,
        }
        processes = [
            ServiceProcess(
                module,
                directory / f"{number}-{module}.log",
                **variables(**settings, redis__url=valkey.url),
            )
            for number, module in enumerate(modules)
        ]
        async with AsyncExitStack() as stack:
            for process in processes:
                stack.callback(process.remove)
            for process in processes:
                await stack.enter_async_context(supervised(process))
            system = System(valkey, processes[0], processes[1:])
            await waiting.true(lambda: system.is_up)
            yield system


def _kill(process: ServiceProcess) -> None:
    if process.is_running:
        process.send(signal.SIGKILL)
