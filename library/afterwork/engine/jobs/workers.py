"""`Workers`: what can be learnt of the worker processes, and what is to be done for those that are gone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from redis.exceptions import ResponseError

from afterwork.contracts import KindLimits, KindMeta
from afterwork.engine.jobs.reading import JobReader, deadline


@dataclass(frozen=True, slots=True)
class WorkerName:
    """Which worker: the queue that it works, and its own name, which no other process ever has."""

    queue: str
    name: str

    @classmethod
    def of(cls, text: bytes) -> Self:
        """As it stands in Redis."""
        return cls(*text.decode().split(" ", 1))

    def __str__(self) -> str:
        return f"{self.queue} {self.name}"


@dataclass(frozen=True, slots=True)
class Roll:
    """Who is there at one instant. run: which start of the server says so. subscriptions: of each worker, 0 if gone."""

    run: str
    subscriptions: Mapping[WorkerName, int]


class Workers(JobReader):
    """Raises QueueUnavailable within 2 s like its base."""

    async def declare(self, queue: str, kinds: Iterable[KindMeta]) -> None:
        """Make a queue and its kinds known, with the limits of their contracts: a worker does before it claims."""
        texts = [(meta.kind, limits_text(meta.limits)) for meta in kinds]
        await self._call("declare", queue, *(part for pair in texts for part in pair))

    async def call_roll(self, own: WorkerName | None = None) -> Roll:
        """Who is there. own: the worker that asks, which is on the roll from then on."""
        run, *pairs = await self._call("presence", str(own or ""))
        return Roll(run.decode(), dict(zip(map(WorkerName.of, pairs[::2]), pairs[1::2], strict=True)))

    async def connected(self) -> Collection[str] | None:
        """The names of all connections to the server; None if this user may not know."""
        async with deadline():
            try:
                clients = await self._redis.client_list()
            except ResponseError:
                return None
        return {client["name"] for client in clients}

    async def mourn(self, worker: WorkerName, run: str, lease: float) -> int:
        """Take back what a worker that is gone had claimed; returns how many jobs. run: where it was seen before."""
        total = passed = 0
        while passed >= 0:
            arguments = (round(lease * 1000), run, worker.queue, worker.name, passed)
            buried, passed = await self._call("mourn", *arguments)
            total += buried
        return total


def limits_text(limits: KindLimits) -> str:
    """Limits as a contract's are kept: empty if there are none."""
    return "" if limits == KindLimits() else order_text(limits)


def order_text(limits: KindLimits) -> str:
    """Limits as an operator's are kept, none included."""
    numbers = (limits.max_running, limits.max_per_second)
    return " ".join("-" if number is None else f"{number:.10g}" for number in numbers)
