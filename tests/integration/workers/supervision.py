"""A supervisor as every deployment has one: what ends is started again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.processes import EndedEarlyError, ServiceProcess

LOOK = 0.02
"""Seconds between two looks at a process."""


class Supervisor:
    """Keeps one process running, started or not at first. ends: the exit codes so far, one per end."""

    def __init__(self, process: ServiceProcess) -> None:
        self.process = process
        self.ends: list[int] = []

    async def keep(self) -> None:
        """Start the process again whenever it has ended, until cancelled."""
        while True:
            if not self.process.is_running:
                if self.process.exit_code is not None:
                    self.ends.append(self.process.exit_code)
                await self._start()
            await asyncio.sleep(LOOK)

    async def _start(self) -> None:
        """Not left half-way: a process that is started after its test has ended would disturb the next ones."""
        starting = asyncio.create_task(asyncio.to_thread(self.process.start))
        try:
            await asyncio.wait([starting])
        except asyncio.CancelledError:
            await asyncio.wait([starting])
            raise
        finally:
            with suppress(EndedEarlyError):  # killed again while it started
                starting.result()


@asynccontextmanager
async def supervised(process: ServiceProcess) -> AsyncIterator[Supervisor]:
    """Keep the process running until the end of the block."""
    supervisor = Supervisor(process)
    task = asyncio.create_task(supervisor.keep())
    try:
        yield supervisor
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()
