"""Archives objects as a worker would, in this process, and reads what has come of it."""

import json
from collections.abc import Mapping
from typing import Any

from afterwork.contracts.archiver import ArchiveObjects, ArchiveResult, ManifestEntry, ManifestHeader
from afterwork.engine.work.outcome import Done, Failed, Outcome, Retry
from afterwork.stores import Store, Stores
from afterwork.testing import Reported, work
from archiver.jobs import jobs
from archiver.transfer import Slots

JOB = "0199a3c0-0000-7000-8000-000000000001"


class Archive:
    """Runs `object.archive` jobs on these stores. reported: what the last one has reported."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.reported = Reported()

    async def run(
        self, *, job_id: str = JOB, attempt: int = 1, checkpointed: object = None, **payload: object
    ) -> Outcome:
        """One attempt, to its outcome."""
        self.reported = Reported()
        return await work(
            jobs,
            ArchiveObjects.model_validate(payload),
            job_id=job_id,
            attempt=attempt,
            checkpointed=checkpointed,
            reported=self.reported,
            parts=[self.stores, Slots()],
        )

    async def done(self, **options: Any) -> ArchiveResult:  # noqa: ANN401 - as `run` takes them
        """One attempt that must succeed."""
        outcome = await self.run(**options)
        assert isinstance(outcome, Done), outcome
        return ArchiveResult.model_validate_json(outcome.result)

    async def failed(self, **options: Any) -> str:  # noqa: ANN401 - as `run` takes them
        """One attempt that must fail for good: why."""
        outcome = await self.run(**options)
        assert isinstance(outcome, Failed), outcome
        return str(json.loads(outcome.problem)["detail"])

    async def retried(self, **options: Any) -> str:  # noqa: ANN401 - as `run` takes them
        """One attempt that must fail, with another to come: why."""
        outcome = await self.run(**options)
        assert isinstance(outcome, Retry), outcome
        return str(json.loads(outcome.problem)["detail"])

    @property
    def checkpoint(self) -> object:
        """What the last attempt has left for the next."""
        return self.reported.checkpoints[-1] if self.reported.checkpoints else None

    async def manifest(self, job_id: str = JOB) -> tuple[ManifestHeader, list[ManifestEntry]]:
        """The manifest of the job."""
        first, *rest = (await content(self.stores["receipts"], f"archives/{job_id}.ndjson")).splitlines()
        return ManifestHeader.model_validate_json(first), [
            ManifestEntry.model_validate_json(line) for line in rest
        ]


async def content(store: Store, key: str) -> bytes:
    """All of an object."""
    async with store.read(key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


async def keys(store: Store, prefix: str = "") -> list[str]:
    """What a list shows."""
    return [info.key async for info in store.list(prefix)]


async def everything(store: Store) -> dict[str, bytes]:
    """Key → content of all objects."""
    return {key: await content(store, key) for key in await keys(store)}


async def fill(store: Store, objects: Mapping[str, bytes]) -> None:
    """Write these objects."""
    for key, body in objects.items():
        await store.write(key, body)
