"""Things are worked on side by side, and taken in order."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from archiver.in_order import in_order


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


async def test_they_are_taken_in_order_whoever_is_ready_first() -> None:
    # given work in which a later thing is ready before an earlier one
    ready = [asyncio.Event() for _ in range(6)]
    taken: list[tuple[int, int]] = []

    async def work(number: int) -> int:
        if number % 3 < 2:
            await ready[number + 1].wait()
        ready[number].set()
        return number * 10

    async def take(number: int, outcome: int) -> None:
        taken.append((number, outcome))

    # when
    await in_order(numbers(6), work, take, ahead=3)

    # then
    assert taken == [(number, number * 10) for number in range(6)]


async def test_no_more_are_begun_than_wanted() -> None:
    under_way: set[int] = set()
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        under_way.add(number)
        most = max(most, len(under_way))
        await asyncio.sleep(0)

    async def take(number: int, _: None) -> None:
        under_way.discard(number)

    await in_order(numbers(50), work, take, ahead=4)

    assert most == 4


@pytest.mark.parametrize("place", ["work", "take"])
async def test_the_first_error_ends_all_of_it(place: str) -> None:
    # given
    ended: list[int] = []
    forever = asyncio.Event()

    async def work(number: int) -> None:
        try:
            if number == 2 and place == "work":
                raise LookupError(number)
            if number > 0:
                await forever.wait()
        finally:
            ended.append(number)

    async def take(number: int, _: None) -> None:
        if place == "take":
            raise LookupError(number)

    # when
    with pytest.raises(LookupError):
        await in_order(numbers(10), work, take, ahead=4)

    # then
    assert sorted(ended) == list(range(len(ended)))
    assert len(ended) <= 5


async def test_who_is_cancelled_has_cancelled_all_of_it() -> None:
    begun, cancelled = asyncio.Event(), []

    async def work(number: int) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    async def take(number: int, _: None) -> None:
        raise AssertionError(number)

    task = asyncio.ensure_future(in_order(numbers(10), work, take, ahead=3))
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [0, 1, 2]
