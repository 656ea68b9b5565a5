"""`JobRouter`: which function handles which kind, the table of contents of a service."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from afterwork.contracts import Contract
from afterwork.contracts.probe import ProbeRun
from afterwork.engine.probe import run_probe
from afterwork.engine.run import Run

C = TypeVar("C", bound=Contract)
R = TypeVar("R")
Handler = Callable[[C, Run], Awaitable[R]]


class JobRouter:
    """The kinds of one queue and their handlers; `probe.run` is one of them from the start.

    jobs = JobRouter("greeter")

    @jobs.handles(Greet)
    async def greet(job: Greet, run: Run) -> str: ...
    """

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._handlers: dict[str, Callable[[Any, Run], Awaitable[Any]]] = {}
        self._contracts: dict[str, type[Contract]] = {}
        self.handles(ProbeRun)(run_probe)

    @property
    def kinds(self) -> Mapping[str, type[Contract]]:
        """Kind → contract."""
        return MappingProxyType(self._contracts)

    def handler(self, kind: str) -> Callable[[Any, Run], Awaitable[Any]]:
        """The function of a kind. Raises KeyError for a kind that is not handled here."""
        return self._handlers[kind]

    def handles(self, contract: type[C]) -> Callable[[Handler[C, R]], Handler[C, R]]:
        """Decorator: the coroutine function handles jobs of this contract.

        Raises TypeError for a contract of another queue, a kind that has a handler already, or a plain function.
        """
        meta = contract.meta
        if meta.queue not in {None, self.queue}:
            message = f"{meta.kind} belongs to queue {meta.queue!r}, not to {self.queue!r}"
            raise TypeError(message)
        if meta.kind in self._contracts:
            message = f"{meta.kind} has a handler in queue {self.queue!r} already"
            raise TypeError(message)

        def register(handler: Handler[C, R]) -> Handler[C, R]:
            if not inspect.iscoroutinefunction(handler):
                message = f"the handler of {meta.kind} must be a coroutine function (async def)"
                raise TypeError(message)
            self._contracts[meta.kind] = contract
            self._handlers[meta.kind] = handler
            return handler

        return register
