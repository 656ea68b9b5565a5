"""The logger of a job: its lines go where all lines go, and into the job's own log."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from inspect import iscoroutinefunction
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from afterwork.engine.codec import exception_text

MAX_TEXT = 2000
"""Characters of a line that are kept in the job's log."""
_LEVELS = ("critical", "debug", "err", "error", "exception", "fatal", "info", "log", "msg", "warn", "warning")
_METHODS = (*_LEVELS, *(f"a{level}" for level in _LEVELS))
_HIDDEN = {"event", "job_id", "kind", "exc_info", "stack_info"}


def job_logger(job_id: str, kind: str, keep: Callable[[str, str], None]) -> FilteringBoundLogger:
    """A logger bound to the job.

    keep: called with level and text of each line; a level that is not written for the whole process is not kept.
    """

    def capture(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
        keep(level, _text(event))
        return event

    configured = structlog.get_config()
    logger = structlog.wrap_logger(
        None,
        processors=[capture, *configured["processors"]],
        wrapper_class=_forgiving(configured["wrapper_class"]),
        job_id=job_id,
        kind=kind,
    )
    return cast(FilteringBoundLogger, logger)


@cache
def _forgiving(logger_class: type[Any]) -> type[Any]:
    """The same class of loggers; a line that cannot be made costs itself, never the job."""
    methods = {name: getattr(logger_class, name, None) for name in _METHODS}
    forgiving = {name: _guarded(method) for name, method in methods.items() if method is not None}
    return type(f"Job{logger_class.__name__}", (logger_class,), forgiving)


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    if iscoroutinefunction(method):

        async def guarded_async(self: FilteringBoundLogger, /, *args: Any, **details: Any) -> Any:  # noqa: ANN401
            try:
                return await method(self, *args, **details)
            except Exception as error:  # noqa: BLE001 - such as a template that does not fit its arguments
                return _complain(self, args, error)

        return guarded_async

    def guarded(self: FilteringBoundLogger, /, *args: Any, **details: Any) -> Any:  # noqa: ANN401 - as structlog's own
        try:
            return method(self, *args, **details)
        except Exception as error:  # noqa: BLE001 - as above
            return _complain(self, args, error)

    return guarded


def _complain(logger: FilteringBoundLogger, args: tuple[Any, ...], error: Exception) -> None:
    """Say what the line would have been made of."""
    line = " ".join(_shown(arg) for arg in args)[:MAX_TEXT].encode("utf-8", "replace").decode()
    with suppress(Exception):
        written = cast(FilteringBoundLogger, super(type(logger), logger))
        written.error("a line could not be logged", line=line, error=exception_text(error))


def _text(event: EventDict) -> str:
    parts = [_shown(event.get("event", "")), *(f"{key}={_shown(value)}" for key, value in _details(event))]
    error = event.get("exc_info")
    if isinstance(error, BaseException):
        parts.append(exception_text(error))
    elif error:
        parts.append(_current_exception())
    text = " ".join(part for part in parts if part).encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _details(event: EventDict) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in event.items() if key not in _HIDDEN]


def _current_exception() -> str:
    error = sys.exc_info()[1]
    return exception_text(error) if error is not None else ""


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever a handler logs
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001 - a broken __repr__ must not end the job
        return f"({type(value).__name__})"
