"""All stores of a process, by their names."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from afterwork.contracts.objects import STORE_NAME
from afterwork.errors import InvalidKey, ObjectMissing
from afterwork.stores.keys import usable_key
from afterwork.stores.local.store import LocalStore
from afterwork.stores.port import Store
from afterwork.stores.remote.opening import opened
from afterwork.stores.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is or will be."""

    store: Store
    key: str


class Stores:
    """The stores that the operator has named.

    async with Stores.open(settings.stores) as stores:
        info = await stores["inbox"].stat("orders.csv")
    """

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = dict(stores)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Mapping[str, StoreSettings]) -> AsyncIterator[Self]:
        """Open all of them. Raises StoreUnavailable for a directory that cannot be made, ValueError for a wrong name.

        What is remote is not asked before it is used.
        """
        stores: dict[str, Store] = {}
        try:
            for name, one in settings.items():
                stores[name] = _opened(name, one)
            yield cls(stores)
        finally:
            for store in stores.values():
                store.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, sorted."""
        return tuple(sorted(self._stores))

    def __getitem__(self, name: str) -> Store:
        """The store of this name. Raises ObjectMissing if there is none."""
        try:
            return self._stores[name]
        except KeyError:
            raise ObjectMissing(f"there is no store named {name[:100]!r}") from None

    def find(self, name: str) -> Place:
        """Where `store/key` is. Raises InvalidKey, or ObjectMissing if there is no such store."""
        store, slash, key = name.partition("/")
        if not slash:
            raise InvalidKey(f"{name[:100]!r} is not of the form store/key")
        return Place(self[store], usable_key(key))


def _opened(name: str, settings: StoreSettings) -> Store:
    if not re.fullmatch(STORE_NAME, name):
        raise ValueError(f"a store cannot be named {name!r}: a-z, 0-9, _ and -, beginning with a letter")
    if settings.scheme == "file":
        return LocalStore(name, Path(settings.path))
    return opened(name, settings)
