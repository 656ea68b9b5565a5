"""Producers who submit jobs all the time, through the gateway and past it, each until it is acknowledged."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Protocol

import httpx
from tests.chaos.appender.contracts import QUEUE, Append
from tests.chaos.fleet import Fleet
from tests.chaos.load import LOOK, Clients, Order

from afterwork.contracts import Contract, JobOptions
from afterwork.contracts.notifier import SendNotification
from afterwork.engine import IdempotencyKey, JobClient
from afterwork.errors import UnavailableError

PAUSE = 0.4
"""Seconds between two jobs of one producer, on average."""
APPENDS = 0.7
"""Share of the jobs that append a line; the others send a mail."""
FAILING = 0.05
"""Share of those that fail once before they do it."""
SECONDS = (0.2, 1.0, 3.0, 6.0)
"""What a job takes at most; the longest outlast the lease."""


class Way(StrEnum):
    """How a job is submitted."""

    GATEWAY = "gateway"
    CLIENT = "client"


PRODUCERS = {Way.GATEWAY: 6, Way.CLIENT: 3}


@dataclass(frozen=True, slots=True)
class Sent:
    """An acknowledged job. sent_at: when its first request left, in seconds since 1970."""

    job_id: str
    sent_at: float


class Submitter(Protocol):
    """acknowledged: key of the order → id of its job. repeats: requests that were not acknowledged."""

    acknowledged: dict[str, str]
    repeats: int

    async def submit(self, order: Order) -> None:
        """Repeat the request until it is acknowledged."""


class DirectClients:
    """The same as `Clients`, by a `JobClient` instead of HTTP."""

    def __init__(self, client: JobClient) -> None:
        self._client = client
        self.acknowledged: dict[str, str] = {}
        self.repeats = 0

    async def submit(self, order: Order) -> None:
        """Repeat the request until it is acknowledged."""
        key = IdempotencyKey(order.key, order.key.encode())
        while True:
            try:
                submitted = await self._client.submit(order.payload, order.options, idempotency=key)
            except UnavailableError:
                self.repeats += 1
                await asyncio.sleep(LOOK)
            else:
                self.acknowledged[order.key] = submitted.job.id
                return


class Producers:
    """sent: all acknowledged jobs so far."""

    def __init__(self, submitters: Mapping[Way, Submitter], lines: Path) -> None:
        self._submitters = submitters
        self._lines = lines
        self._is_stopping = asyncio.Event()
        self.sent: list[Sent] = []

    @property
    def repeats(self) -> int:
        """Requests that were refused or not answered, and were made again."""
        return sum(submitter.repeats for submitter in self._submitters.values())

    async def submit(self, payload: Contract, way: Way, random: Random) -> str:
        """Return the job's id when it is acknowledged."""
        order = Order(str(uuid.UUID(int=random.getrandbits(128))), payload, JobOptions())
        sent_at = time.time()
        submitter = self._submitters[way]
        await submitter.submit(order)
        self.sent.append(Sent(submitter.acknowledged[order.key], sent_at))
        return self.sent[-1].job_id

    def short(self, queue: str, *, seconds: float = 0.0) -> Contract:
        """A job for the queue."""
        if queue == QUEUE:
            return Append(file=str(self._lines), seconds=seconds)
        return SendNotification.model_validate(
            {"to": ["mailto:somebody@example.test"], "subject": "short", "text": "short"}
        )

    def stop(self) -> None:
        """Submit no more, once what is under way is acknowledged."""
        self._is_stopping.set()

    async def produce(self, way: Way, random: Random) -> None:
        """One job after the other, until stopped."""
        while not self._is_stopping.is_set():
            await self.submit(self._any(random), way, random)
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))

    def _any(self, random: Random) -> Contract:
        if random.random() > APPENDS:
            return self.short("notifier")
        return Append(
            file=str(self._lines),
            seconds=round(random.uniform(0, random.choice(SECONDS)), 3),
            fails_once=random.random() < FAILING,
        )


@asynccontextmanager
async def producing(fleet: Fleet, lines: Path, random: Random) -> AsyncIterator[Producers]:
    """Producers at work until they are stopped; leaving the block stops them and waits for it."""
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(limits=limits) as http,
        JobClient.connect(fleet.server.url) as client,
        asyncio.TaskGroup() as group,
    ):
        submitters: dict[Way, Submitter] = {
            Way.GATEWAY: Clients(fleet.gateway.process, http, at_a_time=100),
            Way.CLIENT: DirectClients(client),
        }
        producers = Producers(submitters, lines)
        for way, count in PRODUCERS.items():
            for _ in range(count):
                group.create_task(producers.produce(way, Random(random.random())))
        try:
            yield producers
        finally:
            producers.stop()
