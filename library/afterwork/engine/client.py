"""`JobClient`: what a gateway or any other program does with jobs."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, MutableSequence, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from arq.connections import ArqRedis

from afterwork import errors
from afterwork.contracts import (
    Contract,
    Job,
    JobOptions,
    JobPage,
    JobQuery,
    JobSummary,
    Ledger,
    QueueOverview,
)
from afterwork.engine import connection, keys, records, scripts
from afterwork.engine.batching import Submitter
from afterwork.engine.codec import payload_of
from afterwork.engine.connection import ServerInfo
from afterwork.engine.scripts import Argument
from afterwork.engine.submission import IdempotencyKey, Submission, Submitted, Verdict, fresh_job

DEADLINE = 1.5
"""Seconds after which a call gives up, however it waited."""


class JobClient:
    """Submit, read and control jobs. Every call raises QueueUnavailable within 2 s if Redis cannot be used.

    async with JobClient.connect("redis://127.0.0.1:6379/0") as client:
        submitted = await client.submit(ProbeRun(queue="notifier"))
    """

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._submitter = Submitter(redis)

    @classmethod
    def connect(cls, url: str) -> Self:
        """A client of the server at redis://, rediss:// or unix://; the connection is made at the first call."""
        return cls(connection.connect(url))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give up what still waits and close the connections."""
        await self._submitter.close()
        await connection.close(self._redis)

    async def submit(
        self, job: Contract, options: JobOptions | None = None, *, idempotency: IdempotencyKey | None = None
    ) -> Submitted:
        """Store one job; concurrent calls share one call to Redis.

        Raises DuplicateJob, IdempotencyMismatch, QueueFull or QueueUnavailable. After the last, the job may or may
        not be stored; the same idempotency key again makes sure that it is, once.
        """
        (answer,) = await self.submit_many([Submission.of(job, options, idempotency)])
        if isinstance(answer, errors.AfterworkError):
            raise answer
        return answer

    async def submit_many(
        self, submissions: Sequence[Submission]
    ) -> Sequence[Submitted | errors.AfterworkError]:
        """Store several jobs, each for itself; the answers stand in the order of the submissions."""
        async with _deadline():
            verdicts = await self._submitter.submit(submissions)
            return [await self._answer(*pair) for pair in zip(submissions, verdicts, strict=True)]

    async def get(self, job_id: str) -> Job:
        """The job with its result and history. Raises NotFound."""
        reply = await self._call("get", job_id)
        if not reply[1]:
            raise errors.NotFound(f"there is no job {job_id[:100]}")
        return records.job_from(job_id, reply)

    async def payload(self, job_id: str) -> Any:  # noqa: ANN401 - any JSON value
        """The job's payload as a JSON value. Raises NotFound."""
        envelope = await self._call("payload", job_id)
        if envelope is None:
            raise errors.NotFound(f"there is no payload of a job {job_id[:100]}")
        return payload_of(envelope)

    async def result(self, job_id: str) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a job that succeeded. Raises NotFound if there is none, NotFinished before the end."""
        job = await self.get(job_id)
        if not job.state.is_final:
            raise errors.NotFinished(f"job {job_id} is {job.state}")
        if job.error is not None:
            raise errors.NotFound(f"job {job_id} {job.state} and has no result: {job.error.detail}")
        return job.result

    async def list(self, query: JobQuery) -> JobPage:
        """One page of jobs, newest first. Raises BadParameter for a page token that none was given out as."""
        place = _opened(query.page_token)
        filters = (query.state or "", query.kind or "", query.queue or "")
        jobs: MutableSequence[JobSummary] = []
        async with _deadline():
            while len(jobs) < query.page_size:
                size = min(keys.LIST_JOBS, query.page_size - len(jobs))
                now, rows, *place = await self._call("list", *filters, size, *place)
                jobs += [records.summary_from(now, row) for row in rows]
                if not rows or not place[1]:
                    break
        return JobPage(jobs=jobs, next_page_token=_sealed(*place) if place[1] else None)

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job: a waiting one at once, a running one through its worker. Raises NotFound, AlreadyFinished."""
        async with _deadline():
            answer = await self._call("cancel", job_id)
            job = await self.get(job_id)
        if answer == b"finished":
            raise errors.AlreadyFinished(f"job {job_id} {job.state} already")
        return job

    async def retry(self, job_id: str) -> Job:
        """Run a failed or cancelled job again, its attempts counted from 0, its history kept.

        Raises NotFound, NotFinished, AlreadyFinished (it succeeded) or DuplicateJob (its unique key is taken).
        """
        async with _deadline():
            answer, holder = await self._call("retry", job_id)
            if answer == b"retried":
                return await self.get(job_id)
        match answer.decode():
            case "missing":
                raise errors.NotFound(f"there is no job {job_id[:100]}")
            case "payload-missing":
                raise errors.NotFound(f"the payload of job {job_id} is gone")
            case "unfinished":
                raise errors.NotFinished(f"job {job_id} has not ended, so it cannot be retried")
            case "succeeded":
                raise errors.AlreadyFinished(f"job {job_id} succeeded, so it cannot be retried")
            case _:
                raise errors.DuplicateJob(holder.decode())

    async def ledger(self) -> Ledger:
        """The conservation counts, taken at one instant."""
        return records.ledger_from(await self._call("ledger"))

    async def queues(self) -> Sequence[QueueOverview]:
        """What waits and runs in every queue that ever had a job."""
        return records.queues_from(await self._call("queues"))

    async def reap(self, lease: float) -> int:
        """Take back jobs whose leases (in seconds) have lapsed; returns how many were looked at."""
        return int(await self._call("reap", round(lease * 1000)))

    async def sweep(self) -> int:
        """Remove ended jobs whose retention is over, at most 100; returns how many."""
        return int(await self._call("sweep"))

    async def server(self) -> ServerInfo:
        """Version and durability of the server."""
        async with _deadline():
            return await connection.server_info(self._redis)

    async def _call(self, name: str, *args: Argument) -> Any:  # noqa: ANN401 - each script's own reply
        async with _deadline():
            return await scripts.call(self._redis, scripts.script(name), *args)

    async def _answer(self, submission: Submission, verdict: Verdict) -> Submitted | errors.AfterworkError:
        match verdict.name:
            case "duplicate":
                return errors.DuplicateJob(verdict.id)
            case "mismatch":
                return errors.IdempotencyMismatch("this idempotency key came with another body before")
            case "full":
                return errors.QueueFull("Redis has no memory left for new jobs")
            case "same" if verdict.id != submission.id:
                return await self._replayed(verdict.id)
        return Submitted(fresh_job(submission, verdict), replayed=False)

    async def _replayed(self, job_id: str) -> Submitted | errors.AfterworkError:
        try:
            return Submitted(await self.get(job_id), replayed=True)
        except errors.NotFound:
            return errors.NotFound(
                f"job {job_id} was accepted under this key, ended, and has been removed since"
            )


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    """Whatever takes longer, or fails for want of Redis, is QueueUnavailable. May be nested."""
    with connection.told_apart():
        async with asyncio.timeout(DEADLINE):
            yield


def _sealed(created: bytes, job_id: bytes) -> str:
    return base64.urlsafe_b64encode(created + b" " + job_id).decode().rstrip("=")


def _opened(token: str | None) -> Sequence[Any]:
    if token is None:
        return "", ""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
        created, job_id = text.split(" ", 1)
        return str(int(created)), job_id
    except (binascii.Error, ValueError) as error:
        raise errors.BadParameter("page_token is not one that was given out") from error
