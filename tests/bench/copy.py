"""What archiving a large object costs, from one directory to another, against `cp` and `sha256sum` of the copy."""

import asyncio
import hashlib
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.measure import Measure
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.contracts import JobState
from afterwork.contracts.archiver import ArchiveObjects
from afterwork.engine import JobClient

MIB = 1024 * 1024
AT_MOST = 2.0
"""Times as long as both commands together: half their speed."""
MEMORY = 200 * MIB
ROUNDS = 3


def run(*, is_quick: bool) -> list[Measure]:
    """Copy the same object by both ways in turn, and look at the highest that the archiver's memory has been."""
    size = 256 * MIB if is_quick else 2048 * MIB
    with tempfile.TemporaryDirectory(prefix="aw-bench-") as temporary, RedisServer() as server:
        folder = Path(temporary)
        _write(folder / "inbox" / "big.bin", size)
        stores = {
            f"AFTERWORK_STORES__{name.upper()}__URL": f"file://{folder / name}"
            for name in ("inbox", "archive", "receipts")
        }
        with ServiceProcess("archiver", None, AFTERWORK_REDIS__URL=server.url, **stores) as archiver:
            theirs, ours = asyncio.run(_measure(server.url, folder))
            peak = _peak(archiver.pid)
    speed = f"{size // MIB} MiB at {size / MIB / ours:,.0f} MiB/s; cp and sha256sum {theirs:.2f} s"
    return [
        Measure("copy: time against cp + sha256sum", ours / theirs, AT_MOST, ours, speed),
        Measure("copy: peak memory against 200 MiB", peak / MEMORY, 1.0, ours, f"{peak / MIB:.0f} MiB"),
    ]


def _write(path: Path, size: int) -> None:
    path.parent.mkdir()
    with path.open("wb") as file:
        for _ in range(0, size, 64 * MIB):
            file.write(os.urandom(64 * MIB))


async def _measure(url: str, folder: Path) -> tuple[float, float]:
    """Median seconds of the commands, and of a job from its submission to its end."""
    theirs, ours = [], []
    original = _sha256(folder / "inbox" / "big.bin")
    async with JobClient.connect(url) as client:
        for number in range(ROUNDS):
            began = time.perf_counter()
            _commands(folder)
            between = time.perf_counter()
            copy = await _job(client, folder, number)
            theirs.append(between - began)
            ours.append(time.perf_counter() - between)
            assert _sha256(copy) == original
            copy.unlink()
    return statistics.median(theirs), statistics.median(ours)


def _commands(folder: Path) -> None:
    subprocess.run(["cp", folder / "inbox" / "big.bin", folder / "copy.bin"], check=True)
    subprocess.run(["sha256sum", folder / "copy.bin"], check=True, stdout=subprocess.DEVNULL)
    (folder / "copy.bin").unlink()


async def _job(client: JobClient, folder: Path, number: int) -> Path:
    job = ArchiveObjects(source="inbox/big.bin", destination=f"archive/{number}.bin")
    job_id = (await client.submit(job)).job.id
    while not (found := await client.get(job_id)).state.is_final:
        await asyncio.sleep(0.01)
    assert found.state is JobState.SUCCEEDED, found.error
    return folder / "archive" / f"{number}.bin"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _peak(pid: int) -> int:
    """The most memory that the process has had, in bytes, as Linux remembers it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
