"""Tasks that a job cannot cancel unless they are its own, so that `asyncio.all_tasks()` gives no power over others."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from afterwork.engine.work.executor import CURRENT

logger = structlog.get_logger()


class GuardedTask(asyncio.Task[Any]):
    """A task of the engine, or the one in which an attempt runs."""

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401 - asyncio's own signature
        """As every task; False, and nothing happens, if a job asks for it whose own task this is not."""
        asking = CURRENT.get(None)
        if asking is None or asking.is_run_by(self):
            return super().cancel(msg)
        if not asking.has_overstepped:
            asking.has_overstepped = True
            logger.warning(
                "a job tried to cancel what is not its own, refused",
                job_id=asking.claim.id,
                kind=asking.claim.kind,
                task=self.get_name(),
            )
        return False


def guarded_task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any],
    **options: Any,  # noqa: ANN401 - what else the constructor takes
) -> "asyncio.Task[Any]":
    """The loop's task factory. What a job starts is a plain task, which it may share and cancel as it likes."""
    task = GuardedTask if CURRENT.get(None) is None else asyncio.Task
    return task(coro, loop=loop, **options)
