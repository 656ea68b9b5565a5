"""Keeps a worker busy: decides when to step, hands claims out, collects what is finished."""

import asyncio
from collections import deque
from collections.abc import Callable

from afterwork.engine import keys
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.reports import Reports
from afterwork.engine.work.steps import Ask, Reply, Steps

POLL = 1
"""Seconds after which an idle worker looks again, in case a wake-up was lost."""


class Pump:
    """The worker's main loop. It ends when it drains and nothing is running or unwritten.

    hold: told of each claim as soon as it is known. start: begins one claimed job, which ends by `finish`; that is
    done while Redis works on the next step, if one is due.
    on_verdict: told what became of each finish.
    reports: what running jobs say meanwhile.
    """

    def __init__(
        self,
        steps: Steps,
        *,
        concurrency: int,
        hold: Callable[[Claim], None],
        start: Callable[[Claim], None],
        on_verdict: Callable[[Finish, str], None],
    ) -> None:
        self._steps = steps
        self._concurrency = concurrency
        self._batch = min(keys.BATCH_JOBS, -(-concurrency // 2))
        self._hold = hold
        self._start = start
        self._on_verdict = on_verdict
        self._unattended: tuple[list[Finish], Reply] | None = None
        self._finishes: deque[Finish] = deque()
        self._changed = asyncio.Event()
        self._look_at = 0.0
        self._running = 0
        self._suspects = 0
        self._occupied = 0
        self._is_draining = False
        self._is_held = False
        self.hungry = asyncio.Event()
        self.reports = Reports(self._changed.set)

    @property
    def is_draining(self) -> bool:
        """Whether nothing is claimed any more."""
        return self._is_draining

    @property
    def free_slots(self) -> int:
        """How many more jobs may be claimed."""
        if self._is_draining or self._is_held:
            return 0
        return max(0, self._concurrency - self._running - self._occupied)

    def finish(self, finish: Finish) -> None:
        """An attempt has ended; it is written by the next step."""
        self._finishes.append(finish)
        self._running -= 1
        self._suspects -= finish.claim.is_suspect
        self._changed.set()

    def occupy(self, slots: int) -> None:
        """So many more slots (fewer, if negative) are taken by what is no running job."""
        self._occupied += slots
        self._changed.set()

    @property
    def unwritten(self) -> list[Finish]:
        """What has ended and is not part of any step yet; from any thread."""
        return list(self._finishes)

    def hold(self, *, held: bool) -> None:
        """From any thread: claim nothing while held."""
        self._is_held = held

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
        while self._finishes or self._running or self._unattended or not self._is_draining:
            self._changed.clear()
            is_due = self.free_slots > 0 and loop.time() >= self._look_at
            if self._finishes or self.reports.is_due or is_due:
                await self._step(loop)
            elif self._unattended:
                self._attend()
            else:
                await self._sleep()

    async def _step(self, loop: asyncio.AbstractEventLoop) -> None:
        slots = min(self.free_slots, self._batch)
        finishes = take_batch(self._finishes)
        ask = Ask(finishes, self.reports.take(), slots, self._suspects > 0)
        reply = await self._steps.step(ask, meanwhile=self._attend, is_over=lambda: self._is_draining)
        self._attend()
        self._unattended = finishes, reply
        self._running += len(reply.claims)
        for claim in reply.claims:
            self._suspects += claim.is_suspect
            self._hold(claim)
        if slots:
            wait = POLL if reply.next_due is None else min(POLL, reply.next_due)
            self._look_at = loop.time() + wait

    def _attend(self) -> None:
        """See to what the last step brought, and start its claims: while the next one, if any, is on its way."""
        if self._unattended is None:
            return
        (finishes, reply), self._unattended = self._unattended, None
        for finish, verdict in zip(finishes, reply.verdicts, strict=True):
            self._on_verdict(finish, verdict)
        for claim in reply.claims:
            self._start(claim)

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


def take_batch(finishes: deque[Finish]) -> list[Finish]:
    """Take from the front what fits into one call."""
    taken: list[Finish] = []
    size = jobs = 0
    while finishes:
        size += finishes[0].size
        jobs += 1 + len(finishes[0].followers)
        if taken and (size > keys.BATCH_BYTES or jobs > keys.BATCH_JOBS):
            break
        taken.append(finishes.popleft())
    return taken
