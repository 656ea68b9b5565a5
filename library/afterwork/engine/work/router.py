"""`JobRouter`: which function handles which kind, the table of contents of a service."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar, overload

from afterwork.contracts import Contract
from afterwork.contracts.probe import ProbeRun
from afterwork.engine.work import isolated as isolation
from afterwork.engine.work import probe
from afterwork.engine.work.executor import Perform
from afterwork.engine.work.isolated import IsolatedRun, in_child
from afterwork.engine.work.probe import run_probe
from afterwork.engine.work.run import Run
from afterwork.engine.work.threads import BlockingRun, in_thread

C = TypeVar("C", bound=Contract)
R = TypeVar("R")
Handler = Callable[[C, Run], Awaitable[R]]
BlockingHandler = Callable[[C, BlockingRun], R]
IsolatedHandler = Callable[[C, IsolatedRun], R]
AnyHandler = Callable[[Any, Any], Any]


class JobRouter:
    """The kinds of one queue and their handlers; `probe.run` is one of them from the start.

    jobs = JobRouter("greeter")

    @jobs.handles(Greet)
    async def greet(job: Greet, run: Run) -> str: ...

    A plain function is a handler as well: it gets a `BlockingRun` and a thread of its own, or with
    `@jobs.handles(Greet, isolated=True)` an `IsolatedRun` and a child process.

    preload: modules of functions that handlers run in the service's sandbox (`run.part(Sandbox)`) themselves.
    """

    def __init__(self, queue: str, *, preload: Sequence[str] = ()) -> None:
        self.queue = queue
        self._handlers: dict[str, AnyHandler] = {}
        self._contracts: dict[str, type[Contract]] = {}
        self._isolated: dict[str, Perform] = {}
        self._preload = dict.fromkeys([*preload, isolation.__name__, probe.__name__])
        self.handles(ProbeRun)(run_probe)

    @property
    def kinds(self) -> Mapping[str, type[Contract]]:
        """Kind → contract."""
        return MappingProxyType(self._contracts)

    @property
    def preload(self) -> tuple[str, ...]:
        """The modules that the service's sandbox is to load: those of isolated handlers too."""
        return tuple(self._preload)

    def handler(self, kind: str) -> AnyHandler:
        """The function of a kind, as it was declared. Raises KeyError for a kind that is not handled here."""
        return self._handlers[kind]

    def perform(self, kind: str) -> Perform:
        """The same as the executor calls it: a plain function in a thread, an isolated one in a child process."""
        if kind in self._isolated:
            return self._isolated[kind]
        handler = self._handlers[kind]
        return handler if _is_async(handler) else in_thread(handler)

    @overload
    def handles(self, contract: type[C]) -> "Registration[C]": ...

    @overload
    def handles(
        self, contract: type[C], *, isolated: Literal[True], memory: int | None = None
    ) -> "IsolatedRegistration[C]": ...

    def handles(
        self, contract: type[C], *, isolated: bool = False, memory: int | None = None
    ) -> "Registration[C] | IsolatedRegistration[C]":
        """Decorator: the function handles jobs of this contract.

        isolated: whether each attempt runs in a child process; the function is then found there by its name, so it
        stands at the top level of a module. memory: bytes that such an attempt may take; None: as the service says.
        Raises TypeError for a contract of another queue, a kind that has a handler already, a generator function, or
        an isolated function that cannot be found by its name.
        """
        self._refuse_unfit(contract)

        def register(handler: AnyHandler) -> None:
            if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
                message = f"the handler of {contract.meta.kind} must not be a generator (yield)"
                raise TypeError(message)
            if isolated:
                self._isolated[contract.meta.kind] = in_child(handler, contract, memory)
                self._preload[handler.__module__] = None
            self._contracts[contract.meta.kind] = contract
            self._handlers[contract.meta.kind] = handler

        return IsolatedRegistration(register) if isolated else Registration(register)

    def _refuse_unfit(self, contract: type[Contract]) -> None:
        meta = contract.meta
        if meta.queue not in {None, self.queue}:
            message = f"{meta.kind} belongs to queue {meta.queue!r}, not to {self.queue!r}"
            raise TypeError(message)
        if meta.kind in self._contracts:
            message = f"{meta.kind} has a handler in queue {self.queue!r} already"
            raise TypeError(message)


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


class IsolatedRegistration(Generic[C]):
    """The same for an isolated function."""

    def __init__(self, register: Callable[[AnyHandler], None]) -> None:
        self._register = register

    def __call__(self, handler: IsolatedHandler[C, R]) -> IsolatedHandler[C, R]:
        """Register the handler."""
        self._register(handler)
        return handler


def _is_async(handler: AnyHandler) -> bool:
    """Whether it is a coroutine function, or an object that is called like one."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)
