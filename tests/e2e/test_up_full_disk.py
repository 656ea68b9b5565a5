"""`afterwork up` on a disk that fills up, on a small file system of its own (Linux, as root)."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.e2e.up_support import Up, imbalance, submit, wait_for_state
from tests.servers import wait_until

MIB = 1024 * 1024
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path, *, leave: int) -> Path:
    """Fill the disk up to `leave` bytes; the file that does it."""
    ballast = folder / "ballast"
    with ballast.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - leave)
    return ballast


def submit_until_refused(client: httpx.Client) -> list[str]:
    """Post jobs until one is not accepted any more; the ids of the accepted ones."""
    body = {"kind": "probe.run", "payload": {"queue": "notifier", "seconds": 0}}
    accepted: list[str] = []
    with contextlib.suppress(httpx.TransportError):
        while (answer := client.post("/v1/jobs", json=body)).status_code == httpx.codes.ACCEPTED:
            accepted.append(answer.json()["id"])
    return accepted


def test_a_full_disk_is_named_and_waited_for_and_nothing_is_lost(small_disk: Path) -> None:
    with Up(small_disk) as up, up.client() as client:
        # given a disk with little room
        first = submit(client)
        ballast = fill(small_disk, leave=MIB // 4)

        # when more jobs come than it can hold
        accepted = submit_until_refused(client)

        # then one line says why nothing is accepted any more
        up.waits_for_line(f"the disk under {small_disk} is full .* accepted jobs are safe")
        assert accepted

        # and when there is room, it goes on, and every accepted job is done
        ballast.unlink()
        up.waits_for_line(f"there is room under {small_disk} again .* going on")
        up.waits_for_line("valkey is ready again")
        last = submit(client)
        for each in (first, *accepted, last):
            wait_for_state(client, each, "succeeded")
        assert imbalance(client) == 0
        assert up.printed.count(f"the disk under {small_disk} is full") == 1


def test_a_disk_that_is_full_at_the_start_is_waited_for(small_disk: Path) -> None:
    # given data on a disk without any room
    with Up(small_disk) as up, up.client() as client:
        first = submit(client)
        wait_for_state(client, first, "succeeded")
    ballast = fill(small_disk, leave=0)

    # when it is started again, then it says why it is not ready
    with Up(small_disk) as up:
        up.waits_for_line(f"the disk under {small_disk} is full")

        # and when there is room, it becomes ready
        ballast.unlink()
        with up.client() as client:
            wait_for_state(client, first, "succeeded")
            wait_for_state(client, submit(client), "succeeded")


def test_ctrl_c_ends_it_while_the_disk_is_full(small_disk: Path) -> None:
    with Up(small_disk) as up, up.client() as client:
        fill(small_disk, leave=MIB // 4)
        submit_until_refused(client)
        up.waits_for_line(f"the disk under {small_disk} is full")
        wait_until(lambda: "valkey" not in {child.name() for child in up.children()}, what="Valkey has ended")

        assert up.ends(signal.SIGINT) == 0
