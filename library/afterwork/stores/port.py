"""What a store does, whatever it is made of, and what is known of an object in it."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from afterwork.contracts.objects import Tier


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object, without its content.

    size in bytes. etag: changes with the content; opaque, without quotes. content_type and metadata: as written, None
    and empty where nothing was said. tier: None if the store has none and none was recorded.
    """

    key: str
    size: int
    etag: str
    modified_at: datetime
    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What is said of an object when it is written."""

    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tier: Tier | None = None


NOTHING_SAID = Traits()


class ObjectReader(Protocol):
    """An object being read."""

    @property
    def info(self) -> ObjectInfo:
        """The object as a whole."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes asked for, in pieces of at most 8 MiB; to be taken once.

        Raises ObjectConflict if it changes meanwhile and that is noticed.
        """


class Staged(Protocol):
    """Content that is stored but not shown: under no key, in no list."""

    @property
    def size(self) -> int:
        """In bytes."""

    def read(self) -> AbstractAsyncContextManager[ObjectReader]:
        """Read back what was stored; only its size is certain in the reader's info."""

    async def publish(
        self,
        key: str,
        traits: Traits = NOTHING_SAID,
        *,
        if_match: str | None = None,
        if_absent: bool = False,
        sha256: str | None = None,
    ) -> ObjectInfo:
        """Show it, whole, under its key and with its traits; once. Conditions as in `Store.write`.

        sha256: in hexadecimal, what it was found to be; checked again where showing it means to send it again.
        """


class Store(Protocol):
    """A named place for objects. Keys are checked (`checked_key`) and cannot leave the store.

    All methods raise InvalidKey for a key that cannot be, ObjectMissing where there is no such object,
    ObjectConflict where a condition does not hold, StoreFull and StoreUnavailable.
    """

    name: str
    is_local: bool

    def close(self) -> None:
        """Let go of what it holds; nothing is asked of it any more."""

    async def stat(self, key: str) -> ObjectInfo:
        """What is known of the object."""

    def read(
        self, key: str, *, start: int = 0, end: int | None = None, if_match: str | None = None
    ) -> AbstractAsyncContextManager[ObjectReader]:
        """Open the object for reading from byte `start` to before byte `end`. if_match: the ETag that it must have."""

    async def write(
        self,
        key: str,
        content: AsyncIterable[bytes] | bytes,
        traits: Traits = NOTHING_SAID,
        *,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Store an object, whole or not at all, in flat memory whatever its size.

        if_match: only over an object with this ETag. if_absent: only if there is none.
        """

    def stage(self, content: AsyncIterable[bytes] | bytes) -> AbstractAsyncContextManager[Staged]:
        """Store content in flat memory without showing it, so that it can be read back before it is published.

        What has not been published when the block is left is removed.
        """

    def list(self, prefix: str = "", *, after: str = "") -> AsyncGenerator[ObjectInfo]:
        """All objects whose keys begin with prefix, in the order of their keys (code points), those after `after` only.

        What is being written is not among them. Traits may be left out (content_type None, metadata empty).
        """

    async def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Remove the object."""

    async def copy(self, source: str, key: str, *, if_absent: bool = False) -> ObjectInfo:
        """Copy within the store, with its traits, by the store itself where it can."""
