"""Real archivers: memory, cancel, drain, full disks, thousands of objects, and several at the same destination."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.archiving import content, keys
from tests.integration.archiver.conftest import Archivers
from tests.integration.workers import waiting
from tests.servers import wait_until

from afterwork.contracts import Job, JobState
from afterwork.contracts.archiver import ArchiveObjects, ArchiveResult
from afterwork.engine import JobClient
from afterwork.errors import ObjectMissing
from afterwork.stores import Stores

MIB = 1024 * 1024
GIB = 1024 * MIB


def sparse(archivers: Archivers, key: str, size: int) -> None:
    """An object that takes time, but no room."""
    path = archivers.folder / "inbox" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


async def under_way(client: JobClient, job_id: str) -> Job:
    """The job, as soon as it has reported bytes, and not all of them."""

    async def read() -> Job:
        return await client.get(job_id)

    job = await waiting.eventually(read, lambda job: job.progress is not None and job.progress.done > 0)
    assert job.progress is not None
    assert job.progress.total is not None
    assert job.progress.done < job.progress.total
    return job


async def test_a_large_copy_is_cancelled_at_once_and_leaves_nothing(
    archivers: Archivers, stores: Stores, client: JobClient
) -> None:
    # given
    sparse(archivers, "big.bin", 20 * GIB)
    process = archivers.start()
    job_id = (await client.submit(ArchiveObjects(source="inbox/big.bin", destination="archive/"))).job.id
    job = await under_way(client, job_id)
    assert job.progress is not None
    assert (job.progress.total, job.progress.note) == (20 * GIB, "copying inbox/big.bin")

    # when
    asked_at = time.monotonic()
    await client.cancel(job_id)
    (ended,) = await waiting.ended(client, job_id)

    # then
    assert time.monotonic() - asked_at < 2.0
    assert ended.state is JobState.CANCELLED
    await waiting.true(lambda: archivers.unfinished() == [])
    assert await keys(stores["archive"]) == []
    assert process.metric("afterwork_attempts_left_behind") in {None, 0}
    assert (await stores["inbox"].stat("big.bin")).size == 20 * GIB


async def test_a_drained_archiver_hands_its_copy_back_and_another_ends_it(
    archivers: Archivers, stores: Stores, client: JobClient
) -> None:
    # given
    for number in range(6):
        sparse(archivers, f"in/{number}.bin", 200 * MIB)
    first = archivers.start(worker__grace=0)
    job_id = (await client.submit(ArchiveObjects(source="inbox/in/", destination="archive/"))).job.id
    await under_way(client, job_id)

    # when
    first.terminate()
    assert first.wait() == 0
    before = {key: (await stores["archive"].stat(key)).etag for key in await keys(stores["archive"])}
    assert archivers.unfinished() == []
    archivers.start()
    (job,) = await waiting.ended(client, job_id, deadline=90)

    # then it has cost neither an attempt nor a death, and nothing is copied twice
    assert (job.state, job.attempt, job.deaths) == (JobState.SUCCEEDED, 1, 0)
    assert {key: (await stores["archive"].stat(key)).etag for key in before} == before
    assert len(await keys(stores["archive"])) == 6


async def test_many_large_copies_at_once_take_little_memory(
    archivers: Archivers, stores: Stores, client: JobClient
) -> None:
    # given more jobs than a process copies at a time
    for number in range(12):
        sparse(archivers, f"{number}.bin", 100 * MIB)
    process = psutil.Process(archivers.start().pid)
    peak = process.memory_info().rss
    jobs = [ArchiveObjects(source=f"inbox/{number}.bin", destination="archive/") for number in range(12)]
    ids = [(await client.submit(job)).job.id for job in jobs]

    # when
    while not all([(await client.get(job_id)).state.is_final for job_id in ids]):
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0.01)

    # then
    assert {(await client.get(job_id)).state for job_id in ids} == {JobState.SUCCEEDED}
    assert peak < 200 * MIB


@pytest.mark.timeout(300)
async def test_thousands_of_small_objects_are_archived(
    archivers: Archivers, stores: Stores, client: JobClient
) -> None:
    # given
    count = 5000
    for number in range(count):
        path = archivers.folder / "inbox" / "in" / str(number % 50) / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(str(number).encode())
    process = psutil.Process(archivers.start().pid)
    before = process.memory_info().rss

    # when
    job_id = (await client.submit(ArchiveObjects(source="inbox/in/", destination="archive/"))).job.id
    (job,) = await waiting.ended(client, job_id, deadline=240)

    # then
    result = ArchiveResult.model_validate(job.result)
    assert (result.objects.copied, result.objects.failed) == (count, 0)
    manifest = await content(stores["receipts"], result.manifest.removeprefix("receipts/"))
    assert manifest.count(b'"status":"copied"') == count
    assert await keys(stores["receipts"]) == [f"{job_id}.json", f"archives/{job_id}.ndjson"]
    found = {path.name: path.read_bytes() for path in (archivers.folder / "archive").rglob("*.txt")}
    assert found == {f"{number}.txt": str(number).encode() for number in range(count)}
    assert process.memory_info().rss - before < 50 * MIB


@pytest.mark.parametrize("on_conflict", ["skip_identical", "overwrite"])
async def test_jobs_with_one_destination_do_each_other_no_harm(
    archivers: Archivers, stores: Stores, client: JobClient, on_conflict: str
) -> None:
    # given two contents for one key, each wanted by several jobs in two processes
    contents = {name: name.encode() * (5 * MIB) for name in ("1", "2")}
    for name, body in contents.items():
        await stores["inbox"].write(name, body)
    archivers.start()
    archivers.start()
    jobs = [
        ArchiveObjects.model_validate(
            {"source": f"inbox/{name}", "destination": "archive/same", "on_conflict": on_conflict}
        )
        for name in ("1", "2", "1", "2", "1", "2")
    ]

    # when
    ids = [(await client.submit(job)).job.id for job in jobs]
    ended = await waiting.ended(client, *ids)

    # then one has won, and those who wanted the same are content with it
    found = await content(stores["archive"], "same")
    assert found in contents.values()
    won = "1" if found == contents["1"] else "2"
    if on_conflict == "overwrite":
        assert {job.state for job in ended} == {JobState.SUCCEEDED}
    else:
        for job, wanted in zip(ended, jobs, strict=True):
            expected = JobState.SUCCEEDED if wanted.source == f"inbox/{won}" else JobState.FAILED
            assert job.state is expected, job.error


@pytest.fixture
def small_disk(archivers: Archivers) -> Iterator[Path]:
    """The store archive as a file system of 64 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = archivers.folder / "archive"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", folder], check=True)
    yield folder
    wait_until(lambda: subprocess.run(["umount", folder], check=False).returncode == 0, what="unmounted")


async def test_a_full_disk_shows_nothing_and_the_job_ends_when_there_is_room(
    small_disk: Path, archivers: Archivers, client: JobClient
) -> None:
    # given
    sparse(archivers, "in/1-small.bin", 4 * MIB)
    sparse(archivers, "in/2-large.bin", 40 * MIB)
    ballast = small_disk.parent / "archive" / "ballast.bin"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 30 * MIB)
    process = archivers.start()

    # when
    job_id = (await client.submit(ArchiveObjects(source="inbox/in/", destination="archive/out/"))).job.id

    async def read() -> Job:
        return await client.get(job_id)

    tried = await waiting.eventually(read, lambda job: len(job.history) > 1)

    # then the cause is told, and nothing of what had no room is left
    assert tried.history[0].error is not None
    assert "store archive has no room" in tried.history[0].error.detail
    assert not (small_disk / "out" / "2-large.bin").exists()

    # and when there is room, it is done
    ballast.unlink()
    (job,) = await waiting.ended(client, job_id)
    assert job.state is JobState.SUCCEEDED
    assert (small_disk / "out" / "2-large.bin").stat().st_size == 40 * MIB
    assert shutil.disk_usage(small_disk).used < 46 * MIB
    process.terminate()
    process.wait()


async def test_a_full_disk_to_the_last_attempt_fails_with_its_cause(
    small_disk: Path, archivers: Archivers, stores: Stores, client: JobClient
) -> None:
    sparse(archivers, "big.bin", 100 * MIB)
    process = archivers.start(worker__retry_cap=0.02)

    job_id = (await client.submit(ArchiveObjects(source="inbox/big.bin", destination="archive/"))).job.id
    (job,) = await waiting.ended(client, job_id)

    assert job.error is not None
    assert (job.state, job.attempt) == (JobState.FAILED, 5)
    assert "no room" in job.error.detail
    with pytest.raises(ObjectMissing):
        await stores["archive"].stat("big.bin")
    assert archivers.unfinished() == []
    process.terminate()
    process.wait()
