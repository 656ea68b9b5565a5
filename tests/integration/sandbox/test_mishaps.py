"""Whatever a function does to its process costs its own call only: neighbours, sandbox and worker go on."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs
from tests.integration.sandbox import deeds
from tests.integration.sandbox.conftest import alive, fork_server, none_alive, pids_in

from afterwork.errors import OutOfMemory
from afterwork.sandbox import ChildError, Limits, Sandbox

PROMPT = 1.0
"""Seconds within which a limit or a cancel has to have its effect."""


@pytest.mark.parametrize(
    ("deed", "arguments", "text"),
    [
        (deeds.exit_politely, [], "3"),
        (deeds.exit_at_once, [0], "exit code 0 before it had a result"),
        (deeds.exit_at_once, [113], "exit code 113 before it had a result"),
        (deeds.crash, [], "signal 11"),
        (deeds.recurse, [], "recursion"),
        (deeds.kill_itself, [signal.SIGKILL], "signal 9"),
        (deeds.kill_itself, [signal.SIGABRT], "signal 6"),
        (deeds.close_everything, [], "signal 9"),
        (deeds.write_garbage, [], "no message"),
        (deeds.claim_a_huge_message, [], "no message"),
    ],
)
async def test_an_untimely_end_fails_the_call_and_no_other(
    sandbox: Sandbox, tmp_path: Path, deed: Callable[..., None], arguments: list[object], text: str
) -> None:
    # given a neighbour
    neighbour = asyncio.create_task(sandbox.run(deeds.wait_for, tmp_path / "go", tmp_path / "said"))
    (pid,) = await pids_in(tmp_path / "said")

    # when
    began = time.monotonic()
    with pytest.raises(ChildError, match=text):
        await sandbox.run(deed, *arguments)
    seconds = time.monotonic() - began

    # then
    (tmp_path / "go").touch()
    assert await neighbour == pid
    assert await sandbox.run(deeds.add, 1, 2) == 3
    assert seconds < 5


async def test_a_crash_says_where_it_was(sandbox: Sandbox) -> None:
    with pytest.raises(ChildError) as crashed:
        await sandbox.run(deeds.crash)

    assert "deeds.py" in crashed.value.__notes__[0]


@pytest.mark.parametrize("deed", [deeds.spin, deeds.ignore_signals])
async def test_a_call_is_killed_at_its_time_limit(
    sandbox: Sandbox, said: Path, deed: Callable[[Path], object]
) -> None:
    await sandbox.run(deeds.add, 1)  # the start of the sandbox is not what is measured

    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"longer than 0\.5 seconds"):
        await sandbox.run(deed, said, limits=Limits(seconds=0.5))
    seconds = time.monotonic() - began

    assert not alive(await pids_in(said))
    assert seconds < 0.5 + PROMPT


async def test_a_cancelled_call_has_no_process_any_more(sandbox: Sandbox, said: Path) -> None:
    call = asyncio.create_task(sandbox.run(deeds.spin, said))
    pids = await pids_in(said)

    began = time.monotonic()
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()  # once more changes nothing
    with pytest.raises(asyncio.CancelledError):
        await call
    seconds = time.monotonic() - began

    assert not alive(pids)
    assert seconds < PROMPT
    assert await sandbox.run(deeds.add, 1) == 1


async def test_a_frozen_process_is_killed_at_its_time_limit(sandbox: Sandbox, said: Path) -> None:
    with pytest.raises(TimeoutError):
        await sandbox.run(deeds.kill_itself, signal.SIGSTOP, limits=Limits(seconds=0.3))

    assert not fork_server().children()


@pytest.mark.parametrize(
    ("deed", "arguments"),
    [(deeds.eat, [2000]), (deeds.eat_at_once, [4000]), (deeds.eat_in_children, [800, 4])],
)
async def test_a_call_that_needs_too_much_memory_is_out_of_memory_and_the_next_one_runs(
    sandbox: Sandbox, deed: Callable[..., object], arguments: list[int]
) -> None:
    with pytest.raises(OutOfMemory):
        await sandbox.run(deed, *arguments)

    assert await sandbox.run(deeds.eat, 20) == 20
    assert not fork_server().children()


async def test_memory_may_be_granted_call_by_call(sandbox: Sandbox) -> None:
    assert await sandbox.run(deeds.eat, 300, limits=Limits(memory=500 * deeds.MEBIBYTE)) == 300
    with pytest.raises(OutOfMemory, match="60 MiB"):
        await sandbox.run(deeds.eat_and_stay, 150, limits=Limits(memory=60 * deeds.MEBIBYTE))


async def test_memory_that_processes_share_counts_once(sandbox: Sandbox) -> None:
    assert await sandbox.run(deeds.share, 100, 4) == 100


async def test_a_fork_bomb_is_stopped(sandbox: Sandbox) -> None:
    with pytest.raises(ChildError, match="more than 64 processes"):
        await sandbox.run(deeds.bomb)

    assert not fork_server().children()
    assert await sandbox.run(deeds.add, 1) == 1


async def test_noise_is_no_harm_and_its_end_is_logged(sandbox: Sandbox) -> None:
    with capture_logs() as lines:
        assert await sandbox.run(deeds.write_noise, 20) == "done"

    (line,) = [line for line in lines if "function" in line]
    assert line["function"].endswith(":write_noise")
    assert line["output"].endswith("xxthe last word")
    assert len(line["output"]) <= 4000


async def test_output_is_bounded_while_it_is_written(sandbox: Sandbox) -> None:
    call = asyncio.create_task(sandbox.run(deeds.write_noise, 300))

    sizes = [0]
    while not call.done():
        await asyncio.sleep(0.02)
        sizes += [output_of(child) for child in psutil.Process().children(recursive=True)]

    assert await call == "done"
    assert 0 < max(sizes) < 150 * deeds.MEBIBYTE


def output_of(process: psutil.Process) -> int:
    try:
        return Path(f"/proc/{process.pid}/fd/1").stat().st_size
    except OSError:
        return 0


async def test_the_worker_goes_on_while_children_work_and_end(sandbox: Sandbox, tmp_path: Path) -> None:
    # given as many as there are slots, and many that come and go
    full = [asyncio.create_task(sandbox.run(deeds.spin, tmp_path / f"{n}")) for n in range(1)]
    await pids_in(tmp_path / "0")
    busy = asyncio.gather(*(sandbox.run(deeds.add, number) for number in range(50)))

    # when
    turns = 0
    while not busy.done():
        await asyncio.sleep(0.001)
        turns += 1

    # then
    assert await busy == list(range(50))
    assert turns > 50
    full[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await full[0]


async def test_a_fork_server_that_is_killed_costs_what_ran_and_is_replaced(
    sandbox: Sandbox, said: Path
) -> None:
    call = asyncio.create_task(sandbox.run(deeds.spin, said))
    pids = await pids_in(said)

    fork_server().kill()
    with pytest.raises(ChildError, match="lost"):
        await call

    assert await sandbox.run(deeds.add, 1) == 1
    await none_alive(pids)


async def test_a_frozen_fork_server_is_replaced(sandbox: Sandbox, said: Path) -> None:
    call = asyncio.create_task(sandbox.run(deeds.spin, said))
    pids = await pids_in(said)

    fork_server().suspend()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    await none_alive(pids)
    assert await sandbox.run(deeds.add, 1) == 1


async def test_a_call_to_a_frozen_fork_server_ends_at_its_time_limit(sandbox: Sandbox) -> None:
    assert await sandbox.run(deeds.add, 1) == 1
    fork_server().suspend()

    with pytest.raises(TimeoutError):
        await sandbox.run(deeds.add, 1, limits=Limits(seconds=0.2))

    assert await sandbox.run(deeds.add, 1) == 1
