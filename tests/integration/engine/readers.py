"""Readers of a job's events, in the background of a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from tests.integration.workers.waiting import true

from afterwork.contracts import JobEvent, StateChange
from afterwork.engine import JobClient
from afterwork.engine.tasks import end


def states(events: list[JobEvent]) -> list[str]:
    """Each state that was entered."""
    return [event.what.state.value for event in events if isinstance(event.what, StateChange)]


class Reader:
    """Reads one job's events in the background, one batch each time that the gate is open."""

    def __init__(self, client: JobClient, job_id: str, after: int = 0) -> None:
        self.events: list[JobEvent] = []
        self.batches = 0
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        self._stream = client.events(job_id, after)
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with contextlib.aclosing(self._stream):
            async for batch in self._stream:
                self.batches += 1
                self.events += batch
                await self.open_gate.wait()

    async def has(self, condition: Callable[[list[JobEvent]], bool]) -> None:
        """Return when it has read enough."""
        await true(lambda: condition(self.events) or self.task.done())
        assert condition(self.events), self.events

    async def has_state(self, state: str, count: int = 1) -> None:
        """Return when it has been told of the state so often."""
        await self.has(lambda events: states(events).count(state) >= count)


@contextlib.asynccontextmanager
async def reading(client: JobClient, job_id: str, after: int = 0) -> AsyncIterator[Reader]:
    """A reader that ends on leaving, if it has not before."""
    reader = Reader(client, job_id, after)
    try:
        yield reader
    finally:
        await end([reader.task])
