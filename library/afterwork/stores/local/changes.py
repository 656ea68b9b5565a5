"""Changes a local store, one key at a time: content takes its place, or an object goes."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from afterwork.contracts.objects import RESERVED
from afterwork.errors import InvalidKey, ObjectMissing, StoreUnavailable
from afterwork.stores.conditions import Condition
from afterwork.stores.local import sidecars
from afterwork.stores.local.folders import folder, remove_empty, remove_hollow, what_is_at
from afterwork.stores.local.staging import Staged
from afterwork.stores.local.versions import described, etag, version
from afterwork.stores.port import ObjectInfo, Traits

_TRIES = 100
"""How often a folder may be removed, as empty, between its making and its use."""


def put(staged: Staged, key: str, traits: Traits, condition: Condition) -> ObjectInfo:
    """Let the staged content, which is finished, be the object, if the condition holds."""
    status = os.fstat(staged.descriptor)
    with _locked(staged.root, key):
        for _ in range(_TRIES):
            try:
                return _placed(staged, key, traits, condition, to_be=version(status))
            except FileNotFoundError:
                continue
    raise StoreUnavailable("its folders do not stay")


def check(root: Path, key: str, condition: Condition) -> None:
    """Raise what `put` would raise now, before anything is sent."""
    *folders, name = key.split("/")
    old = None
    with suppress(FileNotFoundError), folder(root, folders) as here:
        old = _replaceable(here, key, name)
    condition.check(key, None if old is None else etag(old))


def delete(root: Path, key: str, condition: Condition) -> None:
    """Remove the object, if the condition holds, and the folders that it leaves empty."""
    *folders, name = key.split("/")
    with _locked(root, key):
        with folder(root, folders) as here:
            old = what_is_at(here, name)
            if old is None or not stat.S_ISREG(old.st_mode):
                raise ObjectMissing(key)
            condition.check(key, etag(old))
            os.unlink(name, dir_fd=here)
            os.fsync(here)
        sidecars.remove(root, key)
    remove_empty(root, folders)


def _placed(staged: Staged, key: str, traits: Traits, condition: Condition, *, to_be: str) -> ObjectInfo:
    *folders, name = key.split("/")
    try:
        with folder(staged.root, folders, create=True) as here:
            old = _replaceable(here, key, name)
            condition.check(key, None if old is None else etag(old))
            sidecars.add(staged.root, key, to_be, traits, beside=None if old is None else version(old))
            status = staged.move(here, name)
    except BaseException:
        remove_empty(staged.root, folders)
        raise
    sidecars.add(staged.root, key, version(status), traits, beside=None)
    return described(key, status, traits)


def _replaceable(here: int, key: str, name: str) -> os.stat_result | None:
    old = what_is_at(here, name)
    if old is not None and stat.S_ISDIR(old.st_mode):
        remove_hollow(here, name)
        old = what_is_at(here, name)
    if old is None or stat.S_ISREG(old.st_mode):
        return old
    if stat.S_ISDIR(old.st_mode):
        raise InvalidKey(f"{key} is a folder here: there are objects below it")
    raise InvalidKey(f"{key} is no plain file here")


@contextmanager
def _locked(root: Path, key: str) -> Iterator[None]:
    """Keep all other writers from this key, in whichever process."""
    name = sha256(key.encode()).hexdigest()[:2]
    with folder(root, (RESERVED, "locks"), create=True) as here:
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=here)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
