"""`Job` as ARQ has it; whoever waits for a result is told when it is there."""

import asyncio
import warnings
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from arq import jobs as arq_jobs
from arq.jobs import (
    DeserializationError,
    Deserializer,
    JobDef,
    JobResult,
    JobStatus,
    ResultNotFound,
    SerializationError,
    Serializer,
    deserialize_result,
)
from arq.utils import timestamp_ms
from arq.worker import JobExecutionFailed

from afterwork.arq.envelopes import cancelled_envelope
from afterwork.engine import keys, scripts
from afterwork.engine.codec import loads
from afterwork.engine.jobs.changes import Changes, Follower

__all__ = [
    "DeserializationError",
    "Deserializer",
    "Job",
    "JobDef",
    "JobResult",
    "JobStatus",
    "ResultNotFound",
    "SerializationError",
    "Serializer",
]

KEEP_CANCELLED_MS = 3_600_000
"""How long the result of a job is kept that a client has aborted before it ran: as ARQ's workers keep results."""
SURE = 5.0
"""Seconds between two looks at a job that runs, in case that its end was not heard."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A job at one instant. score: its place in the queue in ms. state: of its record, empty if it has none."""

    result: bytes | None
    score: float | None
    state: str
    problem: bytes
    is_locked: bool


class Job(arq_jobs.Job):
    """A job by its id. `redis` should be an `afterwork.arq.ArqRedis`; with another client results are polled."""

    async def result(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - ARQ's signature
        *,
        poll_delay: float = 0.5,
        pole_delay: float | None = None,
    ) -> Any:  # noqa: ANN401 - what the function returned
        """The result, as soon as it is there; what the function raised is raised here.

        Raises ResultNotFound if there is no such job, or it has ended and its result was not kept, and TimeoutError
        after `timeout` seconds. poll_delay: seconds between two looks as long as nobody can tell when it has ended,
        because a stock worker may run it.
        """
        if pole_delay is not None:
            warnings.warn("use poll_delay instead of pole_delay", DeprecationWarning, stacklevel=2)
            poll_delay = pole_delay
        async with AsyncExitStack() as stack:
            follower = await self._follow(stack)
            async with asyncio.timeout(timeout):
                while True:
                    look = await self._look()
                    if look.result is not None:
                        return _outcome(deserialize_result(look.result, deserializer=self._deserializer))
                    _raise_if_over(look)
                    await _heard(follower, SURE if look.state == "running" else poll_delay)

    async def status(self) -> JobStatus:
        """Where the job is in its life."""
        look = await self._look()
        if look.result is not None or look.state in {"succeeded", "failed", "cancelled"}:
            return JobStatus.complete
        if look.is_locked:
            return JobStatus.in_progress
        if look.score is None:
            return JobStatus.not_found
        return JobStatus.deferred if look.score > timestamp_ms() else JobStatus.queued

    async def abort(self, *, timeout: float | None = None, poll_delay: float = 0.5) -> bool:  # noqa: ASYNC109 - ARQ's
        """Abort the job, whether it waits or runs; True if that came before its end.

        Raises TimeoutError if it has not ended within `timeout` seconds.
        """
        payload = await self._redis.get(keys.PAYLOAD + self.job_id)
        serializer = getattr(self._redis, "job_serializer", None)
        envelope = cancelled_envelope(
            payload, self.job_id, self._queue_name, serializer=serializer, deserializer=self._deserializer
        )
        answer = await scripts.call(
            self._redis,
            scripts.script("plain_cancel"),
            *(self.job_id, self._queue_name, envelope, KEEP_CANCELLED_MS, 5, 300_000),
        )
        if answer in {b"missing", b"finished"}:
            return False
        try:
            await self.result(timeout=timeout, poll_delay=poll_delay)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return True
        except Exception as error:
            if isinstance(error, TimeoutError) and (await self._look()).result is None:
                raise
            return False
        finally:
            if answer == b"elsewhere":
                with suppress(Exception):
                    await self._redis.zrem(keys.ABORTS, self.job_id)
        return False

    async def _look(self) -> _Look:
        result, score, state, problem, is_locked = await scripts.call(
            self._redis, scripts.script("plain_look"), self.job_id, self._queue_name
        )
        return _Look(
            result, None if score is None else float(score), state.decode(), problem, bool(is_locked)
        )

    async def _follow(self, stack: AsyncExitStack) -> Follower | None:
        changes = getattr(self._redis, "changes", None)
        return (
            await stack.enter_async_context(changes.of(self.job_id)) if isinstance(changes, Changes) else None
        )


def _outcome(info: JobResult) -> Any:  # noqa: ANN401 - what the function returned
    if info.success:
        return info.result
    if isinstance(info.result, Exception | asyncio.CancelledError):
        raise info.result
    raise SerializationError(info.result)


def _raise_if_over(look: _Look) -> None:
    match look.state:
        case "cancelled":
            raise asyncio.CancelledError
        case "failed":
            raise JobExecutionFailed(loads(look.problem)["detail"] if look.problem else "the job failed")
        case "waiting" | "running":
            return
    if look.score is None or look.state == "succeeded":
        raise ResultNotFound(
            "Not waiting for job result because the job is not in queue. "
            "Is the worker function configured to keep result?"
        )


async def _heard(follower: Follower | None, seconds: float) -> None:
    """Return when something was heard of the job, or after so many seconds."""
    if follower is None:
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await follower.change()
