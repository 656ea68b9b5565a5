"""Nothing survives its call: no process, however it hides, no thread, no file; and nothing survives the worker."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.integration.sandbox import deeds
from tests.integration.sandbox.conftest import alive, fork_server, pids_in
from tests.processes import ROOT
from tests.servers import wait_until

from afterwork.sandbox import ChildError, Limits, Sandbox


@pytest.mark.parametrize("how", ["return", "die"])
async def test_descendants_end_with_the_call_also_those_with_sessions_of_their_own(
    sandbox: Sandbox, said: Path, how: str
) -> None:
    call = sandbox.run(deeds.leave_children, said, how)
    if how == "die":
        with pytest.raises(ChildError, match="signal 9"):
            await call
    else:
        await call

    pids = await pids_in(said)
    assert len(pids) == 5
    assert not alive(pids)


@pytest.mark.parametrize("end", ["cancel", "time limit", "close"])
async def test_descendants_end_however_the_call_is_ended(said: Path, end: str) -> None:
    async with Sandbox(preload=[deeds.__name__]) as sandbox:
        limits = Limits(seconds=2 if end == "time limit" else None)
        call = asyncio.create_task(sandbox.run(deeds.leave_children, said, "wait", limits=limits))
        pids = await pids_in(said)
        assert len(alive(pids)) == 4, "one has left an orphan"

        if end == "cancel":
            call.cancel()
        if end != "close":
            await asyncio.wait([call])
            assert not alive(pids)

    await asyncio.wait([call])
    assert call.cancelled() or call.exception() is not None
    assert not alive(pids)


async def test_what_one_call_leaves_behind_costs_its_neighbour_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    neighbour = asyncio.create_task(sandbox.run(deeds.leave_children, tmp_path / "neighbour", "wait"))
    pids = await pids_in(tmp_path / "neighbour")

    await sandbox.run(deeds.leave_children, tmp_path / "said", "return")

    assert not alive(await pids_in(tmp_path / "said"))
    assert len(alive(pids)) == 4
    neighbour.cancel()
    await asyncio.wait([neighbour])
    assert not alive(pids)


async def test_threads_and_files_end_with_the_call(sandbox: Sandbox) -> None:
    folder = await sandbox.run(deeds.leave_thread_and_files)

    assert not there([folder])
    assert not fork_server().children()


async def test_a_child_sees_neither_secrets_nor_descriptors_of_its_worker(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERWORK_SMTP__PASSWORD", "hunter2")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("LC_TIME", "C.UTF-8")

    seen = await sandbox.run(deeds.describe_itself)
    open_ones = await sandbox.run(deeds.open_descriptors)

    assert "hunter2" not in seen.values()
    assert seen["LC_TIME"] == "C.UTF-8"
    assert seen["cwd"] == seen["tmp"] == seen["TMPDIR"] != str(Path.cwd())
    assert open_ones.keys() <= {0, 1, 2, 3, 4}, "4 is the listing itself"
    assert open_ones[0] == "/dev/null"


async def test_each_call_finds_a_fresh_folder(sandbox: Sandbox) -> None:
    folders = [(await sandbox.run(deeds.describe_itself))["cwd"] for _ in range(2)]

    assert folders[0] != folders[1]
    assert not there(folders)


async def test_a_closed_sandbox_leaves_no_process_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with Sandbox(preload=[deeds.__name__]) as sandbox:
        await sandbox.run(deeds.add, 1)
        server = fork_server().pid
        assert names_in(tmp_path)

    assert not alive([server])
    assert not names_in(tmp_path)


WORKER = """
import asyncio, sys
from pathlib import Path
from tests.integration.sandbox import deeds
from afterwork.sandbox import Sandbox

async def main():
    async with Sandbox(preload=[deeds.__name__]) as sandbox:
        await sandbox.run(deeds.leave_children, Path(sys.argv[1]), "wait")

asyncio.run(main())
"""


def start_worker(said: Path, temporary: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"TMPDIR": str(temporary)}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(said)], cwd=ROOT, env=environment)


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_nothing_survives_a_worker_that_is_killed(said: Path, tmp_path: Path, is_frozen: bool) -> None:  # noqa: FBT001
    # given a worker with a call whose children have sessions of their own
    worker = start_worker(said, tmp_path)
    try:
        pids = await pids_in(said)
        server = server_of(pids[0])
        if is_frozen:
            os.kill(server, signal.SIGSTOP)
    finally:
        # when
        worker.kill()
        worker.wait()

    # then
    wait_until(lambda: not alive([server, *pids]), what="everything has ended")
    wait_until(lambda: names_in(tmp_path) == ["said"], what="no file is left")


def names_in(folder: Path) -> list[str]:
    """What is there."""
    return [one.name for one in folder.iterdir()]


def there(folders: list[str]) -> list[str]:
    """Those of them that exist."""
    return [folder for folder in folders if Path(folder).exists()]


def server_of(pid: int) -> int:
    """The parent of a call's process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
