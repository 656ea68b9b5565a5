"""Functions as a worker knows them: ARQ's, and those that ask for the retry policy of kinds."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.worker import Function as ArqFunction
from arq.worker import func as arq_func

from afterwork.engine.work.retry import Backoff

Seconds = int | float | timedelta
"""A length of time, as ARQ takes it."""
Runnable = ArqFunction | CronJob
"""What a worker has by name."""


@dataclass
class Function(ArqFunction):
    """ARQ's, and: retry: how a failure is repeated, None: not at all, which is ARQ's rule."""

    retry: Backoff | None = None


def func(
    coroutine: str | ArqFunction | Callable[..., Coroutine[Any, Any, Any]],
    *,
    retry: Backoff | bool = False,
    **options: Any,  # noqa: ANN401 - ARQ's own: name, keep_result, timeout, keep_result_forever, max_tries
) -> ArqFunction:
    """ARQ's `func`, with one more option. Raises RuntimeError for what is no coroutine function.

    retry: repeat whatever raises or takes too long with exponential backoff until `max_tries`, as kinds are.
    """
    if isinstance(coroutine, ArqFunction):
        return coroutine
    plain = arq_func(cast(WorkerCoroutine, coroutine), **options)
    policy = Backoff() if retry is True else retry or None
    return Function(**vars(plain), retry=policy)


def policy_of(function: Runnable) -> Backoff | None:
    """How a failure of the function is repeated."""
    return function.retry if isinstance(function, Function) else None
