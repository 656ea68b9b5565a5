"""Ways in which a plain handler can work, and misbehave, in its thread; by name."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from afterwork.engine import BlockingRun, Fail, Snooze

Plain = Callable[[BlockingRun, Path], object]
PLAIN: dict[str, Plain] = {}
LOOK = 0.02
SNOOZED: set[str] = set()


def manner(function: Plain) -> Plain:
    """Decorator: the function is found by its name."""
    PLAIN[function.__name__] = function
    return function


@manner
def says_its_thread(run: BlockingRun, _: Path) -> object:
    thread = threading.current_thread()
    return {"name": thread.name, "daemon": thread.daemon, "is_main": thread is threading.main_thread()}


@manner
def blocks_until(_: BlockingRun, until: Path) -> object:
    """Cannot be stopped."""
    while not until.exists():
        time.sleep(LOOK)
    return "late"


@manner
def reports_until(run: BlockingRun, until: Path) -> object:
    """Is stopped by what it reports with."""
    done = 0
    while not until.exists():
        done += 1
        run.progress(done)
        time.sleep(LOOK)
    return "reported"


@manner
def reports_without_a_pause(run: BlockingRun, _: Path) -> object:
    end, calls = time.monotonic() + 3, 0
    while time.monotonic() < end:
        calls += 1
        run.progress(calls)
        if calls % 20 == 0:
            run.logger.info("still here", calls=calls)
    run.logger.info("last", calls=calls)
    return calls


@manner
def asks_until(run: BlockingRun, _: Path) -> object:
    while not run.stopped:
        time.sleep(LOOK)
    return "asked"


@manner
def resumes(run: BlockingRun, _: Path) -> object:
    """Leaves a checkpoint and fails, and finds it in the next attempt."""
    run.logger.info("here I am", number=run.attempt)
    if run.checkpointed is None:
        run.checkpoint({"row": 41})
        raise ValueError("halfway")
    return run.checkpointed


@manner
def raises_an_exception(run: BlockingRun, _: Path) -> object:
    raise ValueError(f"attempt {run.attempt}")


@manner
def calls_sys_exit(_: BlockingRun, __: Path) -> object:
    raise SystemExit(3)


@manner
def raises_keyboard_interrupt(_: BlockingRun, __: Path) -> object:
    raise KeyboardInterrupt


@manner
def raises_generator_exit(_: BlockingRun, __: Path) -> object:
    raise GeneratorExit


@manner
def raises_stop_iteration(_: BlockingRun, __: Path) -> object:
    raise StopIteration


@manner
def gives_up(_: BlockingRun, __: Path) -> object:
    raise Fail("there is no such file")


@manner
def snoozes_once(run: BlockingRun, _: Path) -> object:
    if run.job_id in SNOOZED:
        return run.attempt
    SNOOZED.add(run.job_id)
    raise Snooze(0.1)


@manner
def returns_an_object(_: BlockingRun, __: Path) -> object:
    return object()


async def never() -> None:
    """Awaited by nobody."""


@manner
def returns_a_coroutine(_: BlockingRun, __: Path) -> object:
    return never()
