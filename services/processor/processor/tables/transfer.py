"""A table job around its child process: the source into a file before it, the output into a store after it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from afterwork import errors
from afterwork.contracts.tables import ObjectOutput, ObjectSource, ProcessTable, TableResult, format_of
from afterwork.sandbox import Sandbox
from afterwork.stores import Place, Stores, Traits
from processor.tables.processing import Folder, process_in_child
from processor.tables.writing import CONTENT_TYPES

CHUNK = 2**20
OnProgress = Callable[[float, float | None, str | None], None]


async def process_table(
    job: ProcessTable, stores: Stores, sandbox: Sandbox, on_progress: OnProgress
) -> TableResult:
    """Process the table in a child process. Repeated, it writes the same output again.

    Raises InputInvalid for a source that is not there or cannot be used; OutOfMemory; ObjectConflict for a source that
    changes meanwhile, StoreUnavailable and StoreFull, after which another attempt may help.
    """
    source = _place(stores, job.source.object) if isinstance(job.source, ObjectSource) else None
    output = _place(stores, job.output.object) if isinstance(job.output, ObjectOutput) else None
    with tempfile.TemporaryDirectory(prefix="afterwork-table-") as name:
        folder = Folder(Path(name))
        if source is not None:
            await _download(source, folder.source)
        result = await sandbox.run(process_in_child, job, folder.path, on_progress=on_progress)
        if output is not None and isinstance(job.output, ObjectOutput):
            kind = CONTENT_TYPES[format_of(job.output.object, job.output.format)]
            await output.store.write(output.key, _chunks(folder.output), Traits(content_type=kind))
    return result


def _place(stores: Stores, name: str) -> Place:
    try:
        return stores.find(name)
    except (errors.ObjectMissing, errors.InvalidKey) as error:
        raise errors.InputInvalid(f"{name}: {error.detail}") from error


async def _download(place: Place, path: Path) -> None:
    try:
        async with place.store.read(place.key) as reader:
            with path.open("wb") as file:
                async for chunk in reader.chunks():
                    await asyncio.to_thread(file.write, chunk)
                written = file.tell()
    except errors.ObjectMissing as error:
        raise errors.InputInvalid(error.detail) from error
    if written != reader.info.size:
        raise errors.ObjectConflict(f"{place.store.name}/{place.key} has changed while it was read")


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        for chunk in iter(partial(file.read, CHUNK), b""):
            yield chunk
