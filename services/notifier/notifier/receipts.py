"""Write the receipt of a job into the store `receipts`: whole, or not at all."""

import asyncio
import contextlib
import os
from itertools import count
from pathlib import Path
from uuid import uuid4

import aiofiles

from afterwork.contracts.notifier import NotificationReceipt
from afterwork.contracts.objects import RESERVED
from afterwork.stores import Store, Traits

STORE = "receipts"


class Receipts:
    """store: None, and no receipts are written. directory: of the store, if it is a local one."""

    def __init__(self, store: Store | None, directory: Path | None = None) -> None:
        self._store = store
        self._folder = None if directory is None else _Folder(directory)

    def name(self, job_id: str) -> str | None:
        """The object that holds, or will hold, the receipt of the job; None if there is no store."""
        return None if self._store is None else f"{STORE}/{job_id}.json"

    async def write(self, receipt: NotificationReceipt) -> None:
        """Store the receipt, in place of one of an earlier attempt. Raises OSError, StoreFull or StoreUnavailable."""
        content = receipt.model_dump_json(indent=2).encode() + b"\n"
        key = f"{receipt.job_id}.json"
        if self._folder is not None:
            await self._folder.write(key, content)
        elif self._store is not None:
            await self._store.write(key, content, Traits(content_type="application/json"))


class _Folder:
    """The directory of a local store; what is being written is in none of its lists."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._staging = directory / RESERVED / "writing"
        self._staging.mkdir(parents=True, exist_ok=True)
        self._parts = count()
        self._unique = f"{self._staging}/{uuid4().hex}"

    async def write(self, key: str, content: bytes) -> None:
        part = f"{self._unique}-{next(self._parts)}"
        try:
            async with aiofiles.open(part, "xb", buffering=0) as file:
                await file.write(content)
                await asyncio.to_thread(_show, file.fileno(), part, f"{self._directory}/{key}")
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)  # noqa: PTH108 - see below
            raise


def _show(descriptor: int, part: str, whole: str) -> None:
    os.fsync(descriptor)
    os.replace(part, whole)  # noqa: PTH105 - twice as fast as by way of a Path
