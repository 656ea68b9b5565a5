"""Calls in child processes: arguments, results, errors and reports cross as what they are."""

import asyncio
import os
import threading
from datetime import date
from math import inf, isnan, nan
from pathlib import Path

import pytest
from pydantic import JsonValue
from tests.integration.sandbox import deeds
from tests.integration.sandbox.conftest import pids_in
from tests.integration.sandbox.deeds import Pair, Person

from afterwork import errors
from afterwork.sandbox import ChildError, Listener, Sandbox


async def test_arguments_and_results_cross_by_their_annotations(sandbox: Sandbox, tmp_path: Path) -> None:
    person = Person(name="Zoë \ud7ff", born=date(1970, 1, 1))
    pairs = [Pair(b"\x00\xff", inf), Pair(b"", 0.1)]

    assert await sandbox.run(deeds.greet, person, pairs, tmp_path) == (person, pairs, tmp_path)
    _, (back,), _ = await sandbox.run(deeds.greet, person, [Pair(b"", nan)], tmp_path)
    assert isnan(back.right)


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2, 3)])
async def test_a_function_may_take_any_number_of_arguments(
    sandbox: Sandbox, numbers: tuple[int, ...]
) -> None:
    assert await sandbox.run(deeds.add, *numbers) == sum(numbers)


async def test_megabytes_of_arguments_and_results_cross(sandbox: Sandbox, tmp_path: Path) -> None:
    name = "x" * (3 * deeds.MEBIBYTE)

    person, _, _ = await sandbox.run(deeds.greet, Person(name=name, born=date(1970, 1, 1)), [], tmp_path)

    assert person.name == name


async def test_what_cannot_be_called_is_refused_before_anything_starts(sandbox: Sandbox) -> None:
    def inner() -> None:
        """Cannot be found."""

    for function in (inner, lambda: None, deeds.coroutine, deeds.Person, os.getpid):
        with pytest.raises(TypeError):
            await sandbox.run(function)
    with pytest.raises(TypeError, match="argument"):
        await sandbox.run(deeds.fail)
    with pytest.raises(TypeError, match="threading is not among what this sandbox preloads"):
        await sandbox.run(threading.active_count)


async def test_a_result_of_another_type_than_promised_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(errors.ResultNotJson, match="return_something_else"):
        await sandbox.run(deeds.return_something_else)


async def test_a_result_that_is_too_large_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(errors.ResultTooLarge):
        await sandbox.run(deeds.return_much, 5)


async def test_errors_of_afterwork_come_back_as_themselves(sandbox: Sandbox) -> None:
    with pytest.raises(errors.InputInvalid) as refused:
        await sandbox.run(deeds.refuse, "row 7 is ragged")
    with pytest.raises(errors.DuplicateJob) as duplicate:
        await sandbox.run(deeds.refuse_with_more)

    assert refused.value.detail == str(refused.value) == "row 7 is ragged"
    assert "17" in duplicate.value.detail


async def test_other_exceptions_come_back_under_their_names(sandbox: Sandbox) -> None:
    with pytest.raises(ChildError) as failed:
        await sandbox.run(deeds.fail, "gone")
    with pytest.raises(ChildError, match="mine") as unknown:
        await sandbox.run(deeds.raise_unknown)
    with pytest.raises(ChildError, match="cannot be shown"):
        await sandbox.run(deeds.raise_unprintable)

    assert (type(failed.value).__name__, str(failed.value)) == ("LookupError", "gone")
    assert "deeds.py" in failed.value.__notes__[0]
    assert type(unknown.value).__name__ == "Unknown"


async def test_a_text_of_ten_megabytes_is_cut(sandbox: Sandbox) -> None:
    with pytest.raises(ChildError) as failed:
        await sandbox.run(deeds.raise_a_long_text)

    assert len(str(failed.value)) == 2000
    assert len(failed.value.__notes__[0]) < 10_000


async def test_progress_is_heard_seldom_but_the_last_of_it_surely(sandbox: Sandbox) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    def hear(done: float, total: float | None, note: str | None) -> None:
        heard.append((done, total, note))

    assert await sandbox.run(deeds.report, 20_000, on_progress=hear) == 20_000

    assert [heard[0], heard[-1]] == [(1, 20_000, "on the way"), (20_000, 20_000, "on the way")]
    assert len(heard) < 200


async def test_what_progress_raises_ends_the_call(sandbox: Sandbox) -> None:
    def complain(*_: object) -> None:
        raise ValueError("no more of this")

    with pytest.raises(ValueError, match="no more of this"):
        await sandbox.run(deeds.report, 10, on_progress=complain)
    assert await sandbox.run(deeds.add, 1) == 1


async def test_a_function_can_tell_and_ask(sandbox: Sandbox) -> None:
    heard: list[JsonValue] = []

    async def answer(question: JsonValue) -> JsonValue:
        return [question, len(heard)]

    result = await sandbox.run(deeds.talk, 10, listener=Listener(news=heard.append, question=answer))

    assert heard == [{"number": number} for number in range(10)]
    assert result == [{"question": "how many?"}, 10]


async def test_a_refused_question_is_an_exception_in_the_child(sandbox: Sandbox) -> None:
    async def refuse(question: JsonValue) -> JsonValue:
        raise errors.InputInvalid("not this one")

    with pytest.raises(errors.InputInvalid, match="not this one"):
        await sandbox.run(deeds.talk, 0, listener=Listener(question=refuse))
    with pytest.raises(ChildError, match="nobody listens"):
        await sandbox.run(deeds.talk, 0)


async def test_no_more_calls_run_at_a_time_than_there_may_be_processes(sandbox: Sandbox) -> None:
    naps = await asyncio.gather(*(sandbox.run(deeds.nap, 0.1) for _ in range(8)))

    at_a_time = [sum(began <= moment < ended for began, ended in naps) for moment, _ in naps]
    assert max(at_a_time) <= 2


async def test_calls_wait_in_turn_for_a_process(sandbox: Sandbox, tmp_path: Path) -> None:
    # given two calls that fill it and one that is cancelled while it waits
    go, order = tmp_path / "go", list[int]()
    full = [asyncio.create_task(sandbox.run(deeds.wait_for, go, tmp_path / f"{n}")) for n in range(2)]
    for number in range(2):
        await pids_in(tmp_path / f"{number}")

    async def queue(number: int) -> None:
        await sandbox.run(deeds.add, number)
        order.append(number)

    waiting = [asyncio.create_task(queue(number)) for number in range(5)]
    await asyncio.sleep(0)
    waiting[1].cancel()

    # when there is room
    go.touch()
    await asyncio.gather(*full, *waiting, return_exceptions=True)

    # then
    assert waiting[1].cancelled()
    assert sorted(order[:2]) == [0, 2]
    assert sorted(order) == [0, 2, 3, 4]


async def test_a_module_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    async with Sandbox(preload=[deeds.__name__, "nowhere.to.be_found"]) as sandbox:
        for _ in range(2):
            with pytest.raises(ChildError, match=r"cannot start.*nowhere"):
                await sandbox.run(deeds.add, 1)


async def test_a_closed_sandbox_runs_nothing() -> None:
    async with Sandbox(preload=[deeds.__name__]) as sandbox:
        assert await sandbox.run(deeds.add, 1) == 1

    with pytest.raises(RuntimeError, match="closed"):
        await sandbox.run(deeds.add, 1)
