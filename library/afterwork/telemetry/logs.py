"""Structured logs, the same for our own lines and those of libraries: readable on a console, or JSON."""

import contextlib
import logging
import sys
from typing import Protocol, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_MANY_LINES = {"exception", "stack"}
"""Keys whose values are stacks, made by us."""


class _Output:
    """Standard output without its failures: a broken pipe, a full disk or a closed file costs a line, never the work.

    Characters that cannot be written, such as lone surrogates, are shown by their number.
    """

    def write(self, text: str) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()


class LogFormat(Protocol):
    """The two settings of logging."""

    @property
    def format(self) -> str:
        """`console` or `json`."""

    @property
    def level(self) -> str:
        """The least severe level that is written."""


def configure_logging(settings: LogFormat) -> None:
    """Send every log line of this process to standard output in one form. Called once, by a `__main__`."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    output = _Output()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, *_rendering(settings.format)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, output)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *_rendering(settings.format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)


def _rendering(name: str) -> list[Processor]:
    if name == "json":
        return [structlog.processors.JSONRenderer()]
    return [_on_one_line, structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]


def _on_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What jobs log may hold anything; a line break or an escape sequence in it must not pass for a line of ours."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable() and name not in _MANY_LINES:
            event[name] = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in value)
    return event
