"""The whole of Afterwork on one machine: started in order, kept running, stopped in order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from afterwork_up.banner import banner
from afterwork_up.output import Output
from afterwork_up.readiness import until_usable
from afterwork_up.signals import EndRequests
from afterwork_up.supervisor import Supervisor

PATIENCE = 8.0
"""Seconds for gateway and services after SIGTERM; running jobs get 2 of them, and 5 to clean up."""
GROUND_PATIENCE = 1.5  # for Valkey and inbox, afterwards; what they have accepted is on the disk already
REMIND_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Stack:
    """ground: what the others need, Valkey and inbox, unless others are used. gateway: tells the address.

    services: all other processes. has_keys: whether the gateway asks for API keys. mail: the folder of the inbox.
    """

    ground: Sequence[Supervisor]
    gateway: Supervisor
    services: Sequence[Supervisor]
    has_keys: bool
    mail: Path | None

    async def run(self, output: Output, ends: EndRequests) -> bool:
        """Run until asked to end, then stop everything; returns whether that was orderly. Raises CannotStart."""
        working = asyncio.create_task(self._work(output))
        asked = asyncio.create_task(ends.orderly.wait())
        try:
            await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            else:
                output.say("stopping")
        finally:
            working.cancel()
            asked.cancel()
            orderly = await self._stop(ends)
        return orderly

    async def _work(self, output: Output) -> None:
        running = [supervisor.start() for supervisor in self.ground]
        await all_ready(self.ground, output)
        others = [self.gateway, *self.services]
        running += [supervisor.start() for supervisor in others]
        await all_ready(others, output)
        watching = asyncio.create_task(until_usable(self.gateway.ready.result(), output))
        try:
            await asyncio.wait({watching, *running}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                output.say(banner(self.gateway.ready.result(), has_keys=self.has_keys, mail=self.mail))
            # a supervisor goes on for ever: one that ends has met a fault of its own, which is raised here
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
        for task in ended:
            task.result()

    async def _stop(self, ends: EndRequests) -> bool:
        stopping = asyncio.create_task(self._stop_in_order())
        hurried = asyncio.create_task(ends.at_once.wait())
        await asyncio.wait({stopping, hurried}, return_when=asyncio.FIRST_COMPLETED)
        orderly = stopping.done()
        if not orderly:
            for supervisor in (self.gateway, *self.services, *self.ground):
                supervisor.kill()
        hurried.cancel()
        await stopping
        return orderly

    async def _stop_in_order(self) -> None:
        # gateway and services first, all at once: as long as they drain, they need the ground
        others = (self.gateway, *self.services)
        await asyncio.gather(*(supervisor.stop(PATIENCE) for supervisor in others))
        await asyncio.gather(*(supervisor.stop(GROUND_PATIENCE) for supervisor in self.ground))


async def all_ready(supervisors: Sequence[Supervisor], output: Output) -> None:
    """Wait until each has been ready once, naming now and then those that are not."""
    waiting = {supervisor.ready: supervisor.name for supervisor in supervisors}
    while waiting:
        done, _ = await asyncio.wait(waiting, timeout=REMIND_EVERY, return_when=asyncio.FIRST_EXCEPTION)
        for future in done:
            future.result()
            del waiting[future]
        if waiting:
            output.say(f"waiting for {', '.join(waiting.values())}")
