"""Watches the event loop from a thread: names who blocks it, and ends the process when that has no end."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog
from redis.exceptions import RedisError

from afterwork.engine.work.claims import Finish
from afterwork.engine.work.culprits import Culprit, running_in, stack_of
from afterwork.engine.work.executor import STOP_GRACE, Execution
from afterwork.engine.work.loop_time import BEAT, BLOCK, LoopTime
from afterwork.engine.work.short_blocks import ShortBlocks

logger = structlog.get_logger()

LIVE_MARGIN = 10.0
"""Seconds beyond the longest time limit in flight after which a loop that was not seen counts as dead."""
LOOK = BEAT
"""Seconds between two looks at the loop."""
EXIT_STUCK = os.EX_SOFTWARE
"""The exit code of a process that ends because its loop is blocked, or its threads are."""


class Rescuer(Protocol):
    """What can be done for the jobs of a blocked loop; see `rescue.Rescue`."""

    def keep_unread_claims(self) -> None:
        """Claims whose answer the loop cannot read now are kept as well."""

    def hand_over(self, last: list[Finish]) -> int:
        """Write these ends and hand back all other jobs."""


@dataclass(frozen=True, slots=True)
class Reactions:
    """on_block: told the kind of the job that blocks the loop, empty if none does. exit: ends the process."""

    on_block: Callable[[str], None]
    exit: Callable[[int], None] = os._exit


class LoopWatch:
    """A thread that looks at the loop four times a second. Begin and end it in the loop.

    running: the attempts under way by job id. lease: seconds for which it tries to reach Redis before the end.
    clock: seconds that pass for this thread, monotonic.
    """

    def __init__(
        self,
        loop_time: LoopTime,
        running: Mapping[str, Execution],
        rescue: Rescuer,
        *,
        lease: float,
        reactions: Reactions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._time = loop_time
        self._clock = clock
        self._running = running
        self._rescue = rescue
        self._lease = lease
        self._reactions = reactions
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._loop_thread = 0
        self._block: _Block | None = None
        self._short_blocks = ShortBlocks()
        self._claims_are_kept = False
        self._away = 0.0

    @property
    def lag(self) -> float:
        """Seconds by which the loop is late; 0 if it is not."""
        return max(0.0, self._time.silence - BEAT)

    @property
    def is_live(self) -> bool:
        """Whether the loop was seen within the longest time limit in flight and a margin.

        A time in which the whole process was held up (SIGSTOP, a paused machine) does not count.
        """
        return self.lag - self._away <= self._longest_timeout() + LIVE_MARGIN

    def begin(self) -> None:
        """Start to watch the running loop."""
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._time.begin(self._loop)
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def end(self) -> None:
        """Watch no longer."""
        self._stopping.set()
        self._time.end()

    def _watch(self) -> None:
        began = self._clock()
        while not self._stopping.wait(LOOK):
            self._note_absence(self._clock() - began - LOOK)
            try:
                self._look()
            except Exception:  # whatever went wrong with one look, the next one is needed
                logger.exception("the watch over the loop failed")
            began = self._clock()

    def _look(self) -> None:
        culprit = running_in(self._loop)
        self._time.note(culprit.execution.stopwatch if culprit.execution else None)
        if culprit.execution:
            self._short_blocks.look(culprit.execution, self._loop_thread)
        silence = self._time.silence
        self._keep_unread_claims(silence)
        if silence <= BLOCK:
            self._forget_block()
            return
        if self._block is None:
            self._block = _Block(culprit)
            self._reactions.on_block(culprit.execution.claim.kind if culprit.execution else "")
        if silence >= self._block.report_at:
            self._report(self._block, culprit, silence)
        if self._is_beyond(culprit, silence):
            self._give_up(self._block, culprit, silence)

    def _note_absence(self, absence: float) -> None:
        """How long of the present silence this thread was kept from running, too."""
        silence = self._time.silence
        self._away = min(silence, self._away + (absence if absence > BLOCK else 0.0))

    def _forget_block(self) -> None:
        if self._block is not None:
            culprit, self._block = self._block.culprit, None
            logger.warning(
                "the event loop goes on", **_named(culprit), seconds=round(self._time.last_block, 1)
            )

    def _report(self, block: "_Block", culprit: Culprit, silence: float) -> None:
        while block.report_at <= silence:
            block.report_at *= 10
        logger.warning(
            "the event loop is blocked",
            **_named(culprit),
            seconds=round(silence, 1),
            running=len(self._running),
            stack=stack_of(self._loop_thread),
        )

    def _keep_unread_claims(self, silence: float) -> None:
        """Once a silence, and before a short lease lapses."""
        if silence <= min(BLOCK, self._lease / 3):
            self._claims_are_kept = False
        elif not self._claims_are_kept:
            with suppress(RedisError, OSError):  # then at the next look
                self._rescue.keep_unread_claims()
                self._claims_are_kept = True

    def _is_beyond(self, culprit: Culprit, silence: float) -> bool:
        """A job has its time limit, or its cancellation, and the grace; what is no job, the longest of all limits."""
        if culprit.live is None:
            return not self.is_live
        return silence > STOP_GRACE and culprit.live.is_overdue

    def _give_up(self, block: "_Block", culprit: Culprit, silence: float) -> None:
        """Hand everything over and end the process. While Redis is away, try at each look as long as leases hold."""
        if block.given_up_at is None:
            block.given_up_at = silence
            logger.error(
                "the event loop is blocked beyond the time limit, ending the process",
                **_named(culprit),
                seconds=round(silence, 1),
            )
        live = culprit.live
        finishes = [live.finish(live.overdue_outcome)] if live else []
        try:
            released = self._rescue.hand_over(finishes)
            logger.info("handed over", ended=len(finishes), handed_back=released)
        except Exception:  # Redis is away; whatever else it may be, the process has to end
            if silence - block.given_up_at < self._lease:
                return
            logger.exception("nothing can be handed over, the leases end by themselves")
        self._reactions.exit(EXIT_STUCK)

    def _longest_timeout(self) -> float:
        return max((execution.claim.timeout for execution in list(self._running.values())), default=0.0)


@dataclass(slots=True)
class _Block:
    """One block that goes on. Times are lengths of the block in seconds."""

    culprit: Culprit
    report_at: float = BLOCK
    given_up_at: float | None = None


def _named(culprit: Culprit) -> dict[str, str]:
    if culprit.execution is None:
        return {"task": culprit.task or "a callback"}
    claim = culprit.execution.claim
    return {"job_id": claim.id, "kind": claim.kind, "task": culprit.task}
