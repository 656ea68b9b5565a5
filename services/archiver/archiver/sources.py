"""The objects of a job's source, in the order of their keys."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from afterwork.contracts.objects import is_prefix
from afterwork.errors import ObjectMissing
from afterwork.stores import ObjectInfo, Store, Stores


@dataclass(frozen=True, slots=True)
class Sources:
    """name: of the store where they are. key: the one object's, or the prefix of all of theirs."""

    name: str
    store: Store
    key: str
    are_many: bool

    @classmethod
    def of(cls, source: str, stores: Stores) -> Self:
        """source: `store/key` or `store/prefix/`. Raises ObjectMissing if there is no such store."""
        name, _, key = source.partition("/")
        return cls(name, stores[name], key, is_prefix(source))

    async def after(self, key: str = "") -> AsyncGenerator[ObjectInfo, None]:
        """Those with keys after this one, as they are now."""
        if self.are_many:
            async with aclosing(self.store.list(self.key, after=key)) as found:
                async for info in found:
                    yield info
        elif key < self.key:
            try:
                yield await self.store.stat(self.key)
            except ObjectMissing:
                return

    async def bytes(self) -> int:
        """Of all of them together."""
        return sum([info.size async for info in self.after()])
