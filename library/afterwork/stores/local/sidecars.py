"""What was said of a local object when it was written, kept in a file beside it, by the version of its content.

A new version's traits are added before the content takes its place, and the old one's go when it is there: whichever
content a reader finds, its own traits are with it, whenever the writer was killed.
"""

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from pydantic import Field, ValidationError

from afterwork.contracts.base import Frozen
from afterwork.contracts.objects import RESERVED, Tier
from afterwork.stores.local.folders import folder, opened
from afterwork.stores.port import Traits

MAX_SIDECAR = 64 * 1024
"""Bytes that are read; ours are far smaller."""


class _Traits(Frozen):
    content_type: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    tier: Tier | None = None


class _Sidecar(Frozen):
    key: str
    versions: dict[str, _Traits]


def traits_of(root: Path, key: str, version: str) -> Traits:
    """The traits of this version of the object; empty where nothing was said, or nothing readable is there."""
    found = _read(root, key).get(version)
    return Traits() if found is None else Traits(found.content_type, found.metadata, found.tier)


def add(root: Path, key: str, version: str, traits: Traits, *, beside: str | None) -> None:
    """Write down the traits of a version that is about to come. beside: the version that is there still."""
    known = _read(root, key)
    versions = {beside: known[beside]} if beside is not None and beside in known else {}
    if traits != Traits():
        versions[version] = _Traits(
            content_type=traits.content_type, metadata=dict(traits.metadata), tier=traits.tier
        )
    if versions != known:
        _replace(root, key, _Sidecar(key=key, versions=versions))


def remove(root: Path, key: str) -> None:
    """Forget what was said of an object that is gone."""
    *folders, name = _place(key)
    with suppress(FileNotFoundError), folder(root, folders) as here:
        os.unlink(name, dir_fd=here)


def _read(root: Path, key: str) -> dict[str, _Traits]:
    *folders, name = _place(key)
    try:
        with folder(root, folders) as here:
            descriptor = opened(here, name)
        with os.fdopen(descriptor, "rb") as file:
            sidecar = _Sidecar.model_validate_json(file.read(MAX_SIDECAR))
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return {}
    return sidecar.versions if sidecar.key == key else {}


def _replace(root: Path, key: str, sidecar: _Sidecar) -> None:
    if not sidecar.versions:
        remove(root, key)
        return
    *folders, name = _place(key)
    temporary = f"{uuid4().hex}.new"
    text = json.dumps(sidecar.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
    with folder(root, folders, create=True) as here:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o666, dir_fd=here), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=here, dst_dir_fd=here)
        os.fsync(here)


def _place(key: str) -> tuple[str, ...]:
    digest = sha256(key.encode()).hexdigest()
    return RESERVED, "traits", digest[:2], f"{digest[2:]}.json"
