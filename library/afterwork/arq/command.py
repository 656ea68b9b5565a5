"""`afterwork worker module.WorkerSettings`: run a worker of plain ARQ functions, as `arq` does."""

import asyncio
import logging.config
import os
import sys
from dataclasses import dataclass
from typing import Any

import click
import uvloop
from arq.utils import import_string

from afterwork.arq.reloading import run_again_on_changes
from afterwork.arq.settings import check_health
from afterwork.arq.worker import create_worker
from afterwork.engine import UnfitServer
from afterwork.telemetry import configure_logging


@dataclass(frozen=True, slots=True)
class _Log:
    level: str
    format: str = "console"


@click.command()
@click.argument("worker_settings", metavar="MODULE.SETTINGS")
@click.option("--burst/--no-burst", default=None, help="End once the queue is empty.")
@click.option(
    "--check", is_flag=True, help="Say whether a worker of the queue is alive; exit code 1 if none is."
)
@click.option(
    "--watch",
    type=click.Path(exists=True, file_okay=False),
    help="Start the worker again whenever a Python file in this directory changes.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what is only of interest in a search for faults.")
@click.option("--custom-log-dict", metavar="MODULE.DICT", help="Settings for Python's logging.")
def worker(
    worker_settings: str,
    *,
    burst: bool | None,
    check: bool,
    watch: str | None,
    verbose: bool,
    custom_log_dict: str | None,
) -> None:
    """Run a worker of plain ARQ functions."""
    sys.path.append(os.getcwd())  # noqa: PTH109 - a path for imports is a string
    configure_logging(_Log("debug" if verbose else "info"))
    if watch:
        raise SystemExit(
            run_again_on_changes(watch, _arguments(worker_settings, burst, verbose, custom_log_dict))
        )
    settings = _imported(worker_settings)
    if custom_log_dict:
        logging.config.dictConfig(_imported(custom_log_dict))
    if check:
        raise SystemExit(check_health(settings))
    asyncio.set_event_loop(uvloop.new_event_loop())
    try:
        started = create_worker(settings, **({} if burst is None else {"burst": burst}))
    except (ImportError, RuntimeError, ValueError) as error:
        raise click.ClickException(f"{worker_settings}: {error}") from error
    try:
        started.run()
    except UnfitServer as error:
        raise click.ClickException(str(error)) from error


def _imported(path: str) -> Any:  # noqa: ANN401 - a class or a dict
    try:
        return import_string(path)
    except ImportError as error:
        raise click.ClickException(f"{path} cannot be imported: {error}") from error


def _arguments(settings: str, burst: bool | None, verbose: bool, log: str | None) -> list[str]:  # noqa: FBT001 - options
    flags = {None: [], True: ["--burst"], False: ["--no-burst"]}[burst]
    more = ["--verbose"] if verbose else []
    return [settings, *flags, *more, *(["--custom-log-dict", log] if log else [])]
