"""Handlers that outlived their attempt, threads or coroutines: nothing can stop them, so each keeps its slot."""

from collections.abc import Callable

import structlog

from afterwork.engine.work.executor import Execution
from afterwork.engine.work.observer import Observer
from afterwork.engine.work.pump import Pump

logger = structlog.get_logger()


class Orphans:
    """Counts them. on_full: called when they hold every one of the worker's slots."""

    def __init__(
        self, pump: Pump, observer: Observer, *, concurrency: int, on_full: Callable[[], None]
    ) -> None:
        self._pump = pump
        self._observer = observer
        self._concurrency = concurrency
        self._on_full = on_full
        self._count = 0

    def add(self, execution: Execution) -> None:
        """The attempt has ended, its handler has not."""
        self._count += 1
        self._pump.occupy(1)
        self._observer.left_behind(execution.claim)
        logger.warning(
            "a handler goes on although its attempt has ended, and keeps its slot",
            job_id=execution.claim.id,
            kind=execution.claim.kind,
            left_behind=self._count,
        )
        execution.on_return(self._remove)
        if self._count >= self._concurrency:
            self._on_full()

    def _remove(self, execution: Execution) -> None:
        self._count -= 1
        self._pump.occupy(-1)
        self._observer.returned(execution.claim)
        logger.info(
            "a handler that was left behind has returned",
            job_id=execution.claim.id,
            kind=execution.claim.kind,
            left_behind=self._count,
        )
