"""Settings of a worker that cannot be meant: refused, or, if their names are nearly right, told."""

import math
import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from arq.connections import RedisSettings
from arq.utils import to_seconds
from structlog import get_logger

from afterwork.arq.settings import NAMES, get_kwargs

LEASES = (0.5, 600.0)
"""Seconds: the shortest and the longest lease."""
ALIKE = 0.75
"""Of two names, from which on one may be meant by the other; 1 is equality."""
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_LENGTHS = ("lease", "job_timeout", "keep_result", "health_check_interval")

logger = get_logger("arq.worker")


def check(options: Mapping[str, Any]) -> None:
    """Raise ValueError, which names the setting, for a value that no worker can work with."""
    for name in _LENGTHS:
        if options.get(name) is not None:
            _check_length(name, options[name])
    lease = to_seconds(options.get("lease", LEASES[0]))
    if lease is None or not LEASES[0] <= lease <= LEASES[1]:
        raise ValueError(f"lease must be from {LEASES[0]:g} to {LEASES[1]:g} seconds, and not {lease!r}")
    max_jobs = options.get("max_jobs", 1)
    if not isinstance(max_jobs, int) or isinstance(max_jobs, bool) or max_jobs < 1:
        raise ValueError(f"max_jobs must be a whole number from 1, and not {max_jobs!r}")
    if options.get("redis_settings") is not None:
        _check_redis(options["redis_settings"])


def warn_of_misspelt(settings_cls: Any) -> None:  # noqa: ANN401 - as ARQ takes it
    """Log one line for each name that has no effect and nearly is one that has."""
    known = [value for value in get_kwargs(settings_cls).values() if callable(value)]
    for name, value in _said(settings_cls).items():
        near = get_close_matches(name, NAMES, n=1, cutoff=ALIKE)
        if near and name not in NAMES and not any(value is one for one in known):
            logger.warning("there is no such setting", setting=name, nearest=near[0])


def _check_length(name: str, value: object) -> None:
    if isinstance(value, timedelta):
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError(f"{name} must be a number of seconds or a timedelta, and not {value!r}")


def _check_redis(given: Any) -> None:  # noqa: ANN401 - it is to be found out
    if not all(hasattr(given, field.name) for field in fields(RedisSettings)):
        kind = type(given).__name__
        raise ValueError(
            f"redis_settings must be a RedisSettings, and not a {kind}; RedisSettings.from_dsn reads a URL"
        )
    if given.sentinel and isinstance(given.host, str):
        raise ValueError("redis_settings must have a list of sentinels as host, because sentinel is true")
    for name in _FILES if given.ssl else ():
        if getattr(given, name) and not os.access(getattr(given, name), os.R_OK):
            raise ValueError(f"redis_settings must name a file that can be read as {name}")


def _said(settings_cls: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    if isinstance(settings_cls, Mapping):
        return settings_cls
    kind = settings_cls if isinstance(settings_cls, type) else type(settings_cls)
    return {
        name: value.__func__ if isinstance(value, staticmethod) else value
        for base in reversed(kind.__mro__[:-1])
        for name, value in vars(base).items()
        if not name.startswith("_")
    }
