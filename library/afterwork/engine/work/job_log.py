"""The logger of a job: its lines go where all lines go, and into the job's own log."""

import sys
from collections.abc import Callable
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from afterwork.engine.codec import exception_text

MAX_TEXT = 2000
"""Characters of a line that are kept in the job's log."""
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
        wrapper_class=configured["wrapper_class"],
        job_id=job_id,
        kind=kind,
    )
    return cast(FilteringBoundLogger, logger)


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
