"""`JobRouter`: which function handles which kind, the table of contents of a service."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar, overload

from afterwork.contracts import Contract
from afterwork.contracts.probe import ProbeRun
from afterwork.engine.work.executor import Perform
from afterwork.engine.work.probe import run_probe
from afterwork.engine.work.run import Run
from afterwork.engine.work.threads import BlockingRun, in_thread

C = TypeVar("C", bound=Contract)
R = TypeVar("R")
Handler = Callable[[C, Run], Awaitable[R]]
BlockingHandler = Callable[[C, BlockingRun], R]
AnyHandler = Callable[[Any, Any], Any]


class JobRouter:
    """The kinds of one queue and their handlers; `probe.run` is one of them from the start.

    jobs = JobRouter("greeter")

    @jobs.handles(Greet)
    async def greet(job: Greet, run: Run) -> str: ...

    A plain function is a handler as well: it gets a `BlockingRun` and a thread of its own.
    """

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._handlers: dict[str, AnyHandler] = {}
        self._contracts: dict[str, type[Contract]] = {}
        self.handles(ProbeRun)(run_probe)

    @property
    def kinds(self) -> Mapping[str, type[Contract]]:
        """Kind → contract."""
        return MappingProxyType(self._contracts)

    def handler(self, kind: str) -> AnyHandler:
        """The function of a kind, as it was declared. Raises KeyError for a kind that is not handled here."""
        return self._handlers[kind]

    def perform(self, kind: str) -> Perform:
        """The same as the executor calls it: a plain function in a thread."""
        handler = self._handlers[kind]
        return handler if _is_async(handler) else in_thread(handler)

    def handles(self, contract: type[C]) -> "Registration[C]":
        """Decorator: the function handles jobs of this contract.

        Raises TypeError for a contract of another queue, a kind that has a handler already, or a generator function.
        """
        meta = contract.meta
        if meta.queue not in {None, self.queue}:
            message = f"{meta.kind} belongs to queue {meta.queue!r}, not to {self.queue!r}"
            raise TypeError(message)
        if meta.kind in self._contracts:
            message = f"{meta.kind} has a handler in queue {self.queue!r} already"
            raise TypeError(message)

        def register(handler: AnyHandler) -> None:
            if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
                message = f"the handler of {meta.kind} must not be a generator (yield)"
                raise TypeError(message)
            self._contracts[meta.kind] = contract
            self._handlers[meta.kind] = handler

        return Registration(register)


class Registration(Generic[C]):
    """What `handles` returns: takes the function, and gives it back as it was."""

    def __init__(self, register: Callable[[AnyHandler], None]) -> None:
        self._register = register

    @overload
    def __call__(self, handler: Handler[C, R]) -> Handler[C, R]: ...

    @overload
    def __call__(self, handler: BlockingHandler[C, R]) -> BlockingHandler[C, R]: ...

    def __call__(self, handler: AnyHandler) -> AnyHandler:
        """Register the handler."""
        self._register(handler)
        return handler


def _is_async(handler: AnyHandler) -> bool:
    """Whether it is a coroutine function, or an object that is called like one."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)
