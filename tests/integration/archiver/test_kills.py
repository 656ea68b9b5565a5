"""`kill -9` of an archiver at any moment: what can be seen is whole, and what was verified is not copied again."""

import asyncio
import hashlib
import random
import time

import pytest
from tests.archiving import content, keys
from tests.integration.archiver.conftest import Archivers
from tests.integration.workers import waiting

from afterwork.contracts import Job, JobState
from afterwork.contracts.archiver import ArchiveObjects, ArchiveResult, ManifestEntry
from afterwork.engine import JobClient
from afterwork.errors import ObjectMissing
from afterwork.stores import Stores

LEASE = 0.5
MIB = 1024 * 1024


def made(number: int, size: int) -> bytes:
    return random.Random(number).randbytes(size)


async def look(stores: Stores, originals: dict[str, bytes]) -> dict[str, str]:
    """Key → ETag of what the destination shows; fails if any of it is not what the source is."""
    etags = {}
    for key in await keys(stores["archive"]):
        info = await stores["archive"].stat(key)
        assert await content(stores["archive"], key) == originals[key], f"{key} is not whole"
        assert info.metadata["afterwork-sha256"] == hashlib.sha256(originals[key]).hexdigest()
        etags[key] = info.etag
    return etags


async def lines(stores: Stores, job: Job) -> list[ManifestEntry]:
    """Of the job's manifest, without its header."""
    name = ArchiveResult.model_validate(job.result).manifest
    body = await content(stores["receipts"], name.removeprefix("receipts/"))
    return [ManifestEntry.model_validate_json(line) for line in body.splitlines()[1:]]


@pytest.mark.parametrize(
    ("count", "size", "seed"),
    [
        *((200, 1000, seed) for seed in range(4)),
        *((12, 8 * MIB, seed) for seed in range(3)),
        *((1, 60 * MIB, seed) for seed in range(3)),
    ],
)
async def test_a_killed_archiver_leaves_nothing_half_and_the_next_goes_on(
    archivers: Archivers, stores: Stores, client: JobClient, count: int, size: int, *, seed: int
) -> None:
    # given a job that is killed at a random moment: before, while and after it writes
    originals = {f"{number:03}.bin": made(number, size) for number in range(count)}
    for key, body in originals.items():
        await stores["inbox"].write(f"in/{key}", body)
    first = archivers.start(lease=LEASE)
    job_id = (await client.submit(ArchiveObjects(source="inbox/in/", destination="archive/"))).job.id
    await waiting.running(client, job_id)
    moment = time.monotonic() + random.Random(seed).random() * 0.8
    await waiting.true(lambda: time.monotonic() >= moment)
    first.kill()

    # when
    seen = await look(stores, originals)
    archivers.start(lease=LEASE)
    (job,) = await waiting.ended(client, job_id)

    # then
    assert job.state is JobState.SUCCEEDED
    end = await look(stores, originals)
    assert end.keys() == originals.keys()
    assert {key: end[key] for key in seen} == seen, "what was verified was copied again"
    assert [entry.source for entry in await lines(stores, job)] == [
        f"inbox/in/{key}" for key in sorted(originals)
    ]
    assert {(entry.status, entry.bytes) for entry in await lines(stores, job)} == {("copied", size)}
    assert (await client.ledger()).imbalance == 0


@pytest.mark.parametrize("seed", range(3))
async def test_a_move_that_is_killed_loses_nothing(
    archivers: Archivers, stores: Stores, client: JobClient, seed: int
) -> None:
    # given
    originals = {f"{number:03}.bin": made(number, 1000) for number in range(300)}
    for key, body in originals.items():
        await stores["inbox"].write(f"in/{key}", body)
    first = archivers.start(lease=LEASE)
    job = ArchiveObjects(source="inbox/in/", destination="archive/", delete_source="after_verify")
    job_id = (await client.submit(job)).job.id

    # when it is killed while it copies, or while it removes
    rest = random.Random(seed).randrange(300)
    store, has_come = ("archive", 300 - rest) if seed == 0 else ("inbox", rest)

    async def how_many() -> int:
        return len(await keys(stores[store]))

    await waiting.eventually(how_many, lambda count: count >= has_come if seed == 0 else count <= has_come)
    first.kill()
    for key, body in originals.items():
        places = [content(stores["inbox"], f"in/{key}"), content(stores["archive"], key)]
        found = await asyncio.gather(*places, return_exceptions=True)
        assert body in found, f"{key} is lost"
        assert all(isinstance(one, ObjectMissing) or one == body for one in found)
    archivers.start(lease=LEASE)
    (ended,) = await waiting.ended(client, job_id)

    # then
    assert ended.state is JobState.SUCCEEDED
    assert await keys(stores["inbox"]) == []
    assert (await look(stores, originals)).keys() == originals.keys()
    assert ArchiveResult.model_validate(ended.result).deleted == 300
