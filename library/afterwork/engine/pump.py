"""Keeps a worker busy: decides when to step, hands claims out, collects what is finished."""

import asyncio
from collections import deque
from collections.abc import Callable

from afterwork.engine import keys
from afterwork.engine.claims import Claim, Finish
from afterwork.engine.steps import Ask, Steps

POLL = 1
"""Seconds after which an idle worker looks again, in case a wake-up was lost."""


class Pump:
    """The worker's main loop. It ends when it drains and nothing is running or unwritten.

    start: begins one claimed job, which ends by `finish`.
    on_verdict: told what became of each finish.
    """

    def __init__(
        self,
        steps: Steps,
        *,
        concurrency: int,
        start: Callable[[Claim], None],
        on_verdict: Callable[[Finish, str], None],
    ) -> None:
        self._steps = steps
        self._concurrency = concurrency
        self._start = start
        self._on_verdict = on_verdict
        self._finishes: deque[Finish] = deque()
        self._changed = asyncio.Event()
        self._look_at = 0.0
        self._running = 0
        self._suspects = 0
        self._is_draining = False
        self.hungry = asyncio.Event()

    @property
    def free_slots(self) -> int:
        """How many more jobs may be claimed."""
        return 0 if self._is_draining else max(0, self._concurrency - self._running)

    def finish(self, finish: Finish) -> None:
        """An attempt has ended; it is written by the next step."""
        self._finishes.append(finish)
        self._running -= 1
        self._suspects -= finish.claim.is_suspect
        self._changed.set()

    def look(self) -> None:
        """Something may be due."""
        self._look_at = 0.0
        self._changed.set()

    def drain(self) -> None:
        """Claim nothing any more."""
        self._is_draining = True
        self._changed.set()

    async def run(self) -> None:
        """Step whenever there is something to write or to claim; sleep otherwise."""
        loop = asyncio.get_running_loop()
        while self._finishes or self._running or not self._is_draining:
            self._changed.clear()
            is_due = self.free_slots > 0 and loop.time() >= self._look_at
            if self._finishes or is_due:
                await self._step(loop)
            else:
                await self._sleep()

    async def _step(self, loop: asyncio.AbstractEventLoop) -> None:
        slots = min(self.free_slots, keys.BATCH_JOBS)
        finishes = self._take()
        reply = await self._steps.step(Ask(finishes, slots, self._suspects > 0), lambda: self._is_draining)
        for finish, verdict in zip(finishes, reply.verdicts, strict=True):
            self._on_verdict(finish, verdict)
        for claim in reply.claims:
            self._running += 1
            self._suspects += claim.is_suspect
            self._start(claim)
        if slots:
            wait = POLL if reply.next_due is None else min(POLL, reply.next_due)
            self._look_at = loop.time() + wait

    async def _sleep(self) -> None:
        if not self.free_slots:
            await self._changed.wait()
            return
        self.hungry.set()
        try:
            async with asyncio.timeout_at(self._look_at):
                await self._changed.wait()
        except TimeoutError:
            pass
        finally:
            self.hungry.clear()

    def _take(self) -> list[Finish]:
        taken: list[Finish] = []
        size = 0
        while self._finishes and len(taken) < keys.BATCH_JOBS:
            if taken and size + self._finishes[0].size > keys.BATCH_BYTES:
                break
            size += self._finishes[0].size
            taken.append(self._finishes.popleft())
        return taken
