"""What ARQ's users get to see of a job: its call and its result, in their own serialisation."""

import asyncio
import pickle
from dataclasses import dataclass, field
from typing import Any

import structlog
from arq.jobs import Deserializer, SerializationError, Serializer, deserialize_job_raw
from arq.utils import timestamp_ms

UNKNOWN = "<unknown>"
EXCUSE = "unable to serialize result"

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """What a job calls. job_try: what the client said of it, if anything. fault: why nothing can be called."""

    function: str = UNKNOWN
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    job_try: int | None = None
    enqueued_ms: int = 0
    fault: SerializationError | None = None

    @classmethod
    def of(cls, payload: bytes, deserializer: Deserializer | None) -> "Call":
        """From a payload, whoever wrote it; what cannot be read is told by `fault`."""
        try:
            function, args, kwargs, job_try, enqueued_ms = deserialize_job_raw(
                payload, deserializer=deserializer
            )
            return cls(str(function), tuple(args), dict(kwargs), job_try and int(job_try), int(enqueued_ms))
        except SerializationError as error:
            return cls(fault=error)
        except Exception as error:  # noqa: BLE001 - a payload of another shape
            return cls(fault=SerializationError(f"unable to deserialize job: {type(error).__name__}"))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a call. Times in ms."""

    job_id: str
    queue: str
    job_try: int
    started_ms: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """A result as ARQ writes it. is_whole: it holds the result, and not an excuse. body: empty without either."""

    body: bytes
    is_whole: bool


def result_envelope(
    call: Call,
    run: Run,
    result: Any,  # noqa: ANN401 - any value
    *,
    success: bool,
    serializer: Serializer | None,
) -> Envelope:
    """The result, or ARQ's excuse if the serializer cannot write it."""
    data = {
        "t": run.job_try,
        "f": call.function,
        "a": call.args,
        "k": call.kwargs,
        "et": call.enqueued_ms,
        "s": success,
        "r": result,
        "st": run.started_ms,
        "ft": timestamp_ms(),
        "q": run.queue,
        "id": run.job_id,
    }
    excuse = data | {"r": EXCUSE, "s": False}
    for content in (data, excuse, excuse | {"a": (), "k": {}}):
        try:
            return Envelope((serializer or pickle.dumps)(content), is_whole=content is data)
        except Exception:
            logger.warning("a result cannot be written", job_id=run.job_id, exc_info=True)
    return Envelope(b"", is_whole=False)


def cancelled_envelope(
    payload: bytes | None,
    job_id: str,
    queue: str,
    *,
    serializer: Serializer | None,
    deserializer: Deserializer | None,
) -> bytes:
    """The result of a job that was aborted before it ran."""
    call = Call.of(payload, deserializer) if payload else Call()
    run = Run(job_id, queue, 1, timestamp_ms())
    return result_envelope(call, run, asyncio.CancelledError(), success=False, serializer=serializer).body
