"""Keeps a worker busy: decides when to step, hands claims out, collects what is finished."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable

from afterwork.engine import keys
from afterwork.engine.tasks import end
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.reports import Reports
from afterwork.engine.work.steps import Ask, Steps

POLL = 1
"""Seconds after which an idle worker looks again, in case a wake-up was lost."""
UNDER_WAY = 2
"""Steps that may be under way at a time: Redis works on one while the other is on its way or its claims are run."""


class Pump:
    """The worker's main loop. It ends when it drains and nothing is running or unwritten.

    hold: told of each claim as soon as it is known. start: begins one claimed job, which ends by `finish`.
    max_starts: how many jobs it may start in all, None: as many as there are; `starts_left` of them.
    on_verdict: told what became of each finish.
    reports: what running jobs say meanwhile.
    """

    def __init__(
        self,
        steps: Steps,
        *,
        concurrency: int,
        max_starts: int | None = None,
        hold: Callable[[Claim], None],
        start: Callable[[Claim], None],
        on_verdict: Callable[[Finish, str], None],
    ) -> None:
        self._steps = steps
        self._concurrency = concurrency
        self._batch = min(keys.BATCH_JOBS, -(-concurrency // 2))
        self.starts_left = sys.maxsize if max_starts is None else max_starts
        self._hold = hold
        self._start = start
        self._on_verdict = on_verdict
        self._finishes: deque[Finish] = deque()
        self._changed = asyncio.Event()
        self._look_at = 0.0
        self._looks = 0
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
        asked = sum(ask.slots for ask in self._steps.unanswered.values())
        return max(0, min(self._concurrency - self._running - self._occupied, self.starts_left) - asked)

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
        self._looks += 1
        self._changed.set()

    def drain(self) -> None:
        """Claim nothing any more."""
        self._is_draining = True
        self._changed.set()

    async def run(self) -> None:
        """Step whenever there is something to write or to claim; sleep otherwise."""
        loop = asyncio.get_running_loop()
        steps: set[asyncio.Task[None]] = set()
        try:
            while self._finishes or self._running or steps or not self._is_draining:
                self._changed.clear()
                if self._is_time(loop.time()):
                    steps.add(self._begin(loop))
                elif steps or not self.free_slots:
                    await self._changed.wait()
                else:
                    await self._sleep()
                steps -= _ended(steps)
        finally:
            await end(steps)

    def _is_time(self, now: float) -> bool:
        """Whether there is something worth a step; while one is under way, half of what a step may bring is."""
        under_way = self._steps.unanswered.values()
        if not under_way:
            is_due = self.free_slots > 0 and now >= self._look_at
            return bool(self._finishes) or self.reports.is_due or is_due
        if any(ask.reports for ask in under_way):
            return False  # the ends of the same attempts must not overtake them
        return len(under_way) < UNDER_WAY and 2 * len(self._finishes) >= self._batch

    def _begin(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Task[None]":
        slots = min(self.free_slots, self._batch)
        unanswered = self._steps.unanswered.values()
        may_bring_one = any(ask.slots and not ask.suspect_running for ask in unanswered)
        is_suspect_about = self._suspects > 0 or may_bring_one
        ask = Ask(take_batch(self._finishes), self.reports.take(), slots, is_suspect_about)
        return loop.create_task(self._step(self._steps.begin(ask), ask, loop))

    async def _step(self, sequence: int, ask: Ask, loop: asyncio.AbstractEventLoop) -> None:
        looks = self._looks
        try:
            reply = await self._steps.answer(sequence, is_over=lambda: self._is_draining)
        finally:
            self._changed.set()
        self._running += len(reply.claims)
        self.starts_left -= len(reply.claims)
        for claim in reply.claims:
            self._suspects += claim.is_suspect
            self._hold(claim)
        if ask.slots and looks == self._looks:
            wait = POLL if reply.next_due is None else min(POLL, reply.next_due)
            self._look_at = loop.time() + wait
        for finish, verdict in zip(ask.finishes, reply.verdicts, strict=True):
            self._on_verdict(finish, verdict)
        for claim in reply.claims:
            self._start(claim)

    async def _sleep(self) -> None:
        self.hungry.set()
        try:
            async with asyncio.timeout_at(self._look_at):
                await self._changed.wait()
        except TimeoutError:
            pass
        finally:
            self.hungry.clear()


def _ended(steps: "set[asyncio.Task[None]]") -> "set[asyncio.Task[None]]":
    """Those that are over. Raises what one of them has raised."""
    over = {step for step in steps if step.done()}
    for step in over:
        step.result()
    return over


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
