"""The kinds and services that are installed, found through entry points, the built-in ones like anybody's own."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from afterwork.contracts.base import Contract
from afterwork.contracts.service import Service


class RegistryError(Exception):
    """An entry point does not hold what its group promises; the text names it and says what is expected."""


@cache
def kinds() -> dict[str, type[Contract]]:
    """Kind → contract, from the group `afterwork.contracts`, each entry named like its kind.

    Raises RegistryError for one that cannot be loaded, is no contract, is misnamed, doubled, or has an unknown queue.
    """
    found: dict[str, type[Contract]] = {}
    queues = {service.queue for service in services().values()}
    for entry in entry_points(group="afterwork.contracts"):
        contract = _load(entry)
        if not (isinstance(contract, type) and issubclass(contract, Contract) and hasattr(contract, "meta")):
            _refuse(entry, "is not a Contract with a kind")
        meta = contract.meta
        if meta.kind != entry.name:
            _refuse(entry, f"is named {entry.name!r} but its kind is {meta.kind!r}")
        if found.setdefault(meta.kind, contract) is not contract:
            _refuse(entry, f"doubles the kind {meta.kind!r}")
        if meta.queue is not None and meta.queue not in queues:
            _refuse(entry, f"has queue {meta.queue!r}, which no entry of afterwork.services works")
    return dict(sorted(found.items()))


@cache
def services() -> dict[str, Service]:
    """Name → service, from the group `afterwork.services`. Raises RegistryError like `kinds`."""
    found: dict[str, Service] = {}
    for entry in entry_points(group="afterwork.services"):
        service = _load(entry)
        if not isinstance(service, Service):
            _refuse(entry, "is not a Service")
        if found.setdefault(service.name, service) != service:
            _refuse(entry, f"doubles the service {service.name!r}")
    return dict(sorted(found.items()))


def _load(entry: EntryPoint) -> Any:  # noqa: ANN401 - checked by the callers
    try:
        return entry.load()
    except Exception as error:  # a module may raise anything while it is imported
        message = f"entry point {entry.group}: {entry.name} = {entry.value} cannot be loaded: {error}"
        raise RegistryError(message) from error


def _refuse(entry: EntryPoint, fault: str) -> None:
    message = f"entry point {entry.group}: {entry.name} = {entry.value} {fault}"
    raise RegistryError(message)
