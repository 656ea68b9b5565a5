"""A thousand jobs, submitted through the gateway until each is acknowledged."""

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
from tests.processes import ServiceProcess

from afterwork.contracts import JobOptions, Priority
from afterwork.contracts.probe import ProbeFailure, ProbeRun

LOOK = 0.02
"""Seconds before a request without answer is repeated."""
ACCEPTED = 202
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Order:
    """One job to submit. key: its Idempotency-Key. attempts: how many it takes when nobody disturbs it."""

    key: str
    probe: ProbeRun
    options: JobOptions

    @property
    def attempts(self) -> int:
        return 2 if self.probe.fail is ProbeFailure.ONCE else 1

    @property
    def body(self) -> dict[str, Any]:  # Any: JSON
        return {
            "kind": self.probe.meta.kind,
            "payload": self.probe.model_dump(mode="json"),
            "options": self.options.model_dump(mode="json", exclude_none=True),
        }


def orders(count: int, queues: Iterable[str], random: Random) -> list[Order]:
    """Short jobs over all queues, some of which fail once, are delayed, or are more urgent than others."""
    names = sorted(set(queues))
    return [
        Order(
            key=str(uuid.UUID(int=random.getrandbits(128))),
            probe=ProbeRun(
                queue=random.choice(names),
                seconds=round(random.uniform(0, 0.4), 3),
                fail=random.choices([ProbeFailure.NEVER, ProbeFailure.ONCE], [9, 1])[0],
            ),
            options=JobOptions(
                delay=random.choices([None, round(random.uniform(0, 3), 3)], [4, 1])[0],
                priority=random.choice(list(Priority)),
            ),
        )
        for _ in range(count)
    ]


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
