"""A thousand jobs, submitted through the gateway until each is acknowledged."""

import asyncio
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
from tests.chaos import effects
from tests.processes import ServiceProcess

from afterwork.contracts import Contract, JobOptions, Priority
from afterwork.contracts.probe import ProbeFailure, ProbeRun

LOOK = 0.02
"""Seconds before a request without answer is repeated."""
REAL = 0.4
"""Share of the jobs that leave something behind: mails, tables, copies, documents."""
ACCEPTED = 202
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Order:
    """One job to submit. key: its Idempotency-Key. attempts: how many it takes when nobody disturbs it."""

    key: str
    payload: Contract
    options: JobOptions

    @property
    def attempts(self) -> int:
        fails_once = isinstance(self.payload, ProbeRun) and self.payload.fail is ProbeFailure.ONCE
        return 2 if fails_once else 1

    @property
    def body(self) -> dict[str, Any]:  # Any: JSON
        return {
            "kind": self.payload.meta.kind,
            "payload": self.payload.model_dump(mode="json", by_alias=True, exclude_unset=True),
            "options": self.options.model_dump(mode="json", exclude_none=True),
        }


def orders(count: int, queues: Iterable[str], random: Random) -> list[Order]:
    """Short jobs over all queues, some of which fail once, are delayed, or more urgent; two in five do real work."""
    names = sorted(set(queues))
    return [_order(names, random) for _ in range(count)]


def _order(queues: Sequence[str], random: Random) -> Order:
    key = str(uuid.UUID(int=random.getrandbits(128)))
    options = JobOptions(
        delay=random.choices([None, round(random.uniform(0, 3), 3)], [4, 1])[0],
        priority=random.choice(list(Priority)),
    )
    if random.random() < REAL:
        return Order(key, effects.payload(key, random), options)
    probe = ProbeRun(
        queue=random.choice(queues),
        seconds=round(random.uniform(0, 0.4), 3),
        fail=random.choices([ProbeFailure.NEVER, ProbeFailure.ONCE], [9, 1])[0],
    )
    return Order(key, probe, options)


class Clients:
    """Submits orders, several at a time. acknowledged: key of the order → id of its job.

    repeats: requests that brought no 202. replays: orders that were stored although their first 202 did not arrive.
    """

    def __init__(self, gateway: ServiceProcess, http: httpx.AsyncClient, *, at_a_time: int) -> None:
        self._gateway = gateway
        self._http = http
        self._slots = asyncio.Semaphore(at_a_time)
        self.acknowledged: dict[str, str] = {}
        self.repeats = 0
        self.replays = 0

    async def submit(self, order: Order) -> None:
        """Repeat the request until it is acknowledged."""
        async with self._slots:
            while (answer := await self._post(order)) is None:
                self.repeats += 1
                await asyncio.sleep(LOOK)
        self.replays += "Idempotency-Replayed" in answer.headers
        self.acknowledged[order.key] = answer.json()["id"]

    async def _post(self, order: Order) -> httpx.Response | None:
        headers = {"Idempotency-Key": f'"{order.key}"'}
        try:
            answer = await self._http.post(
                f"{self._gateway.url}/v1/jobs", json=order.body, headers=headers, timeout=5
            )
        except httpx.TransportError:
            return None
        assert answer.status_code in {ACCEPTED, UNAVAILABLE}, answer.text
        return answer if answer.status_code == ACCEPTED else None
