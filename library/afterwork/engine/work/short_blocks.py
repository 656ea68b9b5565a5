"""Names attempts that block the event loop again and again, each time for too short to be named by that."""

from weakref import WeakKeyDictionary

import structlog

from afterwork.engine.work.culprits import stack_of
from afterwork.engine.work.executor import Execution
from afterwork.engine.work.loop_time import BLOCK

logger = structlog.get_logger()


class ShortBlocks:
    """Used by one thread, which looks at whoever runs in the loop."""

    def __init__(self) -> None:
        self._report_at: WeakKeyDictionary[Execution, float] = WeakKeyDictionary()

    def look(self, execution: Execution, loop_thread: int) -> None:
        """Name it when its short blocks add up to BLOCK seconds, and again at ten times as many."""
        seconds = execution.stopwatch.own_short_blocks
        report_at = self._report_at.get(execution, BLOCK)
        if seconds <= report_at:
            return
        while report_at < seconds:
            report_at *= 10
        self._report_at[execution] = report_at
        logger.warning(
            "blocks the event loop again and again",
            job_id=execution.claim.id,
            kind=execution.claim.kind,
            seconds=round(seconds, 1),
            stack=stack_of(loop_thread),
        )
