"""A pump on a stand-in for Redis, in a loop whose time the test decides."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tests.unit.engine.time_travel import TimeTravel

from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.outcome import Done
from afterwork.engine.work.pump import Pump
from afterwork.engine.work.steps import Ask, Reply


def claim(number: int, *, is_suspect: bool = False) -> Claim:
    return Claim(
        id=str(number),
        kind="alpha.run",
        token=f"w:{number}",
        attempt=1,
        max_attempts=3,
        timeout=1.0,
        created_ms=0,
        deaths=0,
        is_suspect=is_suspect,
        payload=b"",
    )


class Server:
    """Stands for Redis behind `Steps`: hands out what waits, and remembers what it was asked."""

    def __init__(self, *waiting: Claim, next_due: float | None = None) -> None:
        self.waiting = list(waiting)
        self.next_due = next_due
        self.asks: list[Ask] = []
        self.unanswered: dict[int, Ask] = {}
        self.answers = asyncio.Event()
        self.answers.set()

    def begin(self, ask: Ask) -> int:
        """As `Steps.begin`."""
        self.asks.append(ask)
        self.unanswered[len(self.asks)] = ask
        return len(self.asks)

    async def answer(self, sequence: int, *, is_over: Callable[[], bool]) -> Reply:
        """As `Steps.answer`."""
        await self.answers.wait()
        ask = self.unanswered.pop(sequence)
        claims, self.waiting = self.waiting[: ask.slots], self.waiting[ask.slots :]
        return Reply(["ok"] * len(ask.finishes), claims, 0.0 if self.waiting else self.next_due)


class Station:
    """A pump and the jobs that it has started."""

    def __init__(self, server: Server, concurrency: int = 10, max_starts: int | None = None) -> None:
        self.server = server
        self.held: list[Claim] = []
        self.started: list[Claim] = []
        self.verdicts: list[tuple[str, str]] = []
        self.pump = Pump(
            server,  # type: ignore[arg-type]
            concurrency=concurrency,
            max_starts=max_starts,
            hold=self.held.append,
            start=self.started.append,
            on_verdict=lambda finish, verdict: self.verdicts.append((finish.claim.id, verdict)),
        )

    def finish(self, size: int = 1) -> None:
        """End the oldest job that runs."""
        self.pump.finish(Finish(self.started.pop(0), Done(b"x" * size)))


def run(
    server: Server,
    script: Callable[[Station, TimeTravel], Coroutine[Any, Any, None]],
    concurrency: int = 10,
    max_starts: int | None = None,
) -> Station:
    """Run a pump beside a script that ends by draining it."""

    async def both(loop: TimeTravel) -> Station:
        station = Station(server, concurrency, max_starts)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(station.pump.run())
            await loop.pass_by(0)
            await script(station, loop)
            station.pump.drain()
            while not running.done():
                await loop.pass_by(0)
                while station.started:
                    station.finish()
        return station

    with asyncio.Runner(loop_factory=TimeTravel) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, TimeTravel)
        return runner.run(both(loop))
