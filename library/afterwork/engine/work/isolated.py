"""Isolated handlers: each attempt runs in a child process of the service's sandbox, where it can harm nobody."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import structlog
from pydantic import JsonValue
from structlog.typing import EventDict, WrappedLogger

from afterwork import sandbox
from afterwork.contracts import Contract, Progress
from afterwork.contracts.base import Frozen
from afterwork.engine.codec import encode_checkpoint, encode_result, exception_text, loads
from afterwork.engine.work.executor import Perform
from afterwork.engine.work.job_log import job_logger
from afterwork.engine.work.outcome import Fail, Snooze
from afterwork.engine.work.parts import P, Parts
from afterwork.engine.work.run import AnyRun, Run
from afterwork.sandbox.calls import found, name_of


class IsolatedRun(AnyRun):
    """The attempt that an isolated function works on, in a process of its own. Has what `Run` has but the parts."""

    __slots__ = ()

    def part(self, kind: type[P]) -> P:
        """Nothing: what the service was started with stays in its process. Raises LookupError."""
        message = f"an isolated handler has no {kind.__name__}: it runs in a process of its own"
        raise LookupError(message)

    def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store what the next attempt is to find in `checkpointed`, in place of what was stored before.

        Returns when it is stored. Raises what `Run.checkpoint` raises.
        """
        sandbox.ask(loads(encode_checkpoint(value)))


class Facts(Frozen):
    """What of a run is known before it begins."""

    job_id: str
    kind: str
    attempt: int
    max_attempts: int
    deaths: int
    worker: str
    checkpointed: JsonValue


class Verdict(Frozen):
    """How the handler ended, if it raised nothing else. fail: of `Fail`. snooze: of `Snooze`."""

    result: JsonValue = None
    fail: str | None = None
    snooze: float | None = None


class Upwards:
    """The channel of an attempt in a child: to its worker, which hands everything on."""

    def progress(self, progress: Progress) -> None:
        """Hand on."""
        sandbox.report_progress(progress.done, progress.total, progress.note)

    def log(self, level: str, text: str) -> None:
        """Nothing: the line comes to the worker as a whole, whose logger keeps it."""

    async def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Return when it is stored."""
        sandbox.ask(value)


def in_child(
    handler: Callable[[Any, IsolatedRun], Any], contract: type[Contract], memory: int | None
) -> Perform:
    """An isolated handler as the executor calls it. memory: bytes; None: as the sandbox says.

    Raises TypeError for what cannot be found by its name in another process, ValueError for the memory.
    """
    names = name_of(handler), _name_of_contract(contract)
    limits = sandbox.Limits(memory=memory)

    async def perform(job: Contract, run: Run) -> Any:  # noqa: ANN401 - the handler's result
        facts = Facts(**{name: getattr(run, name) for name in Facts.model_fields})
        payload = job.model_dump_json()
        verdict = await run.part(sandbox.Sandbox).run(
            attempt, *names, payload, facts, limits=limits, listener=_listener(run)
        )
        if verdict.snooze is not None:
            raise Snooze(verdict.snooze)
        if verdict.fail is not None:
            raise Fail(verdict.fail)
        return verdict.result

    return perform


def attempt(handler: str, contract: str, payload: str, facts: Facts) -> Verdict:
    """In the child: call the handler."""
    structlog.configure(processors=[structlog.processors.format_exc_info, _tell_line])
    job = found(contract).model_validate_json(payload)
    told = {name: getattr(facts, name) for name in Facts.model_fields}
    logger = job_logger(facts.job_id, facts.kind, _keep_nothing)
    run = IsolatedRun(**told, logger=logger, channel=Upwards(), parts=Parts())
    try:
        result = found(handler)(job, run)
    except Fail as error:
        return Verdict(fail=exception_text(error).partition(": ")[2])
    except Snooze as error:
        return Verdict(snooze=error.delay)
    if isawaitable(result):
        raise TypeError("an isolated handler returned an awaitable; it must be a plain function")
    return Verdict(result=loads(encode_result(result)))


def _listener(run: Run) -> sandbox.Listener:
    def write_line(news: JsonValue) -> None:
        match news:
            case [str(level), str(event), dict(details)]:
                getattr(run.logger, level, run.logger.info)(event, **details)

    async def store(value: JsonValue) -> JsonValue:
        await run.checkpoint(value)
        return None

    return sandbox.Listener(progress=run.progress, news=write_line, question=store)


def _tell_line(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    text = str(event.pop("event", ""))
    details = {name: _plain(value) for name, value in event.items() if name not in {"job_id", "kind"}}
    sandbox.tell([level, text, details])
    raise structlog.DropEvent


def _plain(value: object) -> JsonValue:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _keep_nothing(_level: str, _text: str) -> None:
    """The worker's logger keeps the line."""


def _name_of_contract(contract: type[Contract]) -> str:
    name = f"{contract.__module__}:{contract.__qualname__}"
    if "<" in name or contract.__module__ == "__main__":
        message = f"{name} is no contract for an isolated handler: it must be a class that can be imported"
        raise TypeError(message)
    return name
