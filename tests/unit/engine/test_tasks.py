"""Background tasks end when they are told to, even if a library swallows the first cancellation."""

import asyncio
import contextlib

import pytest

from afterwork.engine.tasks import end, heeded, time_limit


async def test_a_task_that_loses_its_first_cancellation_ends_all_the_same() -> None:
    # given a task in which a cancellation is swallowed, as asyncio.wait_for could before Python 3.12
    swallowed = 0

    async def work() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if swallowed == 1:
                    raise
                swallowed += 1

    task = asyncio.create_task(work())
    await asyncio.sleep(0)

    # when it is ended
    async with asyncio.timeout(10):
        await end([task])

    # then it has ended
    assert (task.cancelled(), swallowed) == (True, 1)


async def test_what_a_task_raises_at_its_end_is_of_no_interest() -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError

    task = asyncio.create_task(work())
    await asyncio.sleep(0)

    await end([task])

    assert isinstance(task.exception(), ValueError)


async def test_a_cancellation_that_is_swallowed_inside_is_heeded_afterwards() -> None:
    went_on = False

    async def work() -> None:
        nonlocal went_on
        with heeded(), contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        went_on = True

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert not went_on


async def test_a_time_limit_inside_and_a_cancellation_before_are_not_mistaken_for_one() -> None:
    reached = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            with heeded():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await asyncio.Event().wait()
                reached.append("inside")
            reached.append("after")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert reached == ["inside", "after"]


@pytest.mark.parametrize("swallowing", [0, 1])
async def test_a_time_limit_holds_although_a_cancellation_is_swallowed(swallowing: int) -> None:
    # given
    swallowed = 0

    async def work() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if swallowed == swallowing:
                    raise
                swallowed += 1

    # when
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            async with time_limit(0.01):
                await work()

        # then whoever called is not cancelled by it
        await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert (task.cancelling(), swallowed) == (0, swallowing)
