"""Every way in which a handler can misbehave, by name."""

import asyncio
import contextvars
import os
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

from afterwork.engine import Fail, Run, Snooze

Manner = Callable[[Run], Awaitable[object]]
MANNERS: dict[str, Manner] = {}
SNOOZED: set[str] = set()
"""Jobs that have been here before."""


def manner(function: Manner) -> Manner:
    """Decorator: the function is found by its name."""
    MANNERS[function.__name__] = function
    return function


class OfItsOwnError(BaseException):
    """Not an Exception, so most `except` clauses let it pass."""


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError("the message cannot be made")


class FatallyUnspeakableError(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


async def raise_soon(error: BaseException) -> NoReturn:
    await asyncio.sleep(0)
    raise error


@manner
async def raises_an_exception(run: Run) -> object:
    raise ValueError(f"attempt {run.attempt}")


@manner
async def raises_a_base_exception(_: Run) -> object:
    raise OfItsOwnError("not an Exception")


@manner
async def calls_sys_exit(_: Run) -> object:
    raise SystemExit(3)


@manner
async def raises_keyboard_interrupt(_: Run) -> object:
    raise KeyboardInterrupt


@manner
async def raises_cancelled_error(_: Run) -> object:
    raise asyncio.CancelledError


@manner
async def raises_generator_exit(_: Run) -> object:
    raise GeneratorExit


@manner
async def raises_stop_iteration(_: Run) -> object:
    raise StopIteration


@manner
async def raises_memory_error(_: Run) -> object:
    raise MemoryError


@manner
async def recurses_without_end(run: Run) -> object:
    return await recurses_without_end(run)


@manner
async def raises_a_group(_: Run) -> object:
    async with asyncio.TaskGroup() as group:
        group.create_task(raise_soon(ValueError("one")))
        group.create_task(raise_soon(ValueError("two")))
    return None


@manner
async def raises_the_unspeakable(_: Run) -> object:
    raise UnspeakableError


@manner
async def raises_the_fatally_unspeakable(_: Run) -> object:
    raise FatallyUnspeakableError


@manner
async def raises_a_lone_surrogate(_: Run) -> object:
    raise ValueError("broken \ud800 text \x00")


@manner
async def raises_ten_mebibytes(_: Run) -> object:
    raise ValueError("x" * 10 * 1024 * 1024)


@manner
async def cancels_itself(_: Run) -> object:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(60)
    return None


@manner
async def gives_up(_: Run) -> object:
    raise Fail("there is no such address")


@manner
async def snoozes_once(run: Run) -> object:
    if run.job_id in SNOOZED:
        return run.attempt
    SNOOZED.add(run.job_id)
    raise Snooze(0.1)


@manner
async def returns_an_object(_: Run) -> object:
    return object()


@manner
async def returns_nan(_: Run) -> object:
    return {"ratio": float("nan")}


@manner
async def returns_infinity(_: Run) -> object:
    return [float("inf")]


@manner
async def returns_a_lone_surrogate(_: Run) -> object:
    return "\ud800"


@manner
async def returns_itself(_: Run) -> object:
    endless: list[object] = []
    endless.append(endless)
    return endless


@manner
async def returns_a_coroutine(_: Run) -> object:
    return raise_soon(ValueError("never awaited"))


@manner
async def returns_binary(_: Run) -> object:
    return b"\xff\xfe"


@manner
async def returns_two_mebibytes(_: Run) -> object:
    return "x" * 2 * 1024 * 1024


@manner
async def takes_too_long(_: Run) -> object:
    await asyncio.sleep(60)
    return None


@manner
async def swallows_cancellation(_: Run) -> object:
    """Goes on for ever, until its process is ended from outside."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


@manner
async def leaves_a_thread_behind(_: Run) -> object:
    """What runs in a thread cannot be cancelled; the thread outlives the attempt."""
    await asyncio.to_thread(time.sleep, 120)
    return None


@manner
async def spawns_a_task_that_exits(_: Run) -> object:
    await asyncio.wait([asyncio.create_task(raise_soon(SystemExit(3)))])
    return "went on"


@manner
async def spawns_a_task_that_interrupts(_: Run) -> object:
    await asyncio.wait([asyncio.create_task(raise_soon(KeyboardInterrupt()))])
    return "went on"


@manner
async def spawns_a_task_that_raises(_: Run) -> object:
    await asyncio.wait([asyncio.create_task(raise_soon(OfItsOwnError("nobody looks")))])
    return "went on"


@manner
async def schedules_an_exit(_: Run) -> object:
    def leave() -> NoReturn:
        raise SystemExit(3)

    asyncio.get_running_loop().call_soon(leave)
    await asyncio.sleep(0.05)
    return "went on"


@manner
async def stops_the_loop(_: Run) -> object:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.05)
    return "went on"


@manner
async def cancels_all_tasks(_: Run) -> object:
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.sleep(60)
    return None


@manner
async def waits_for_itself(_: Run) -> object:
    """Its cancellation goes round in circles."""
    task = asyncio.current_task()
    assert task is not None
    await asyncio.gather(task)
    return None


@manner
async def waits_for_all_tasks(_: Run) -> object:
    """Whoever cancels it cancels them, for all that it can do."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    return None


@manner
async def cancels_all_tasks_in_nobodys_name(_: Run) -> object:
    contextvars.Context().run(lambda: [task.cancel() for task in asyncio.all_tasks()])
    await asyncio.sleep(60)
    return None


@manner
async def cleans_up_for_four_seconds(_: Run) -> object:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(4)
    return "cleaned up"


@manner
async def reports_oddly(run: Run) -> object:
    run.progress(1, 2, "half \ud83d of a pair")
    run.logger.info("%s and %s", *["one"])
    run.logger.info("half \ud83d of a pair")
    return "reported"


@manner
async def notes_a_number(run: Run) -> object:
    run.progress(1, 2, 3)  # type: ignore[arg-type]
    return "reported"


@manner
async def exits_at_once(_: Run) -> object:
    os._exit(3)
