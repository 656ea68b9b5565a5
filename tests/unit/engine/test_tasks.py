"""Background tasks end when they are told to, even if a library swallows the first cancellation."""

import asyncio

from afterwork.engine.tasks import end


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
