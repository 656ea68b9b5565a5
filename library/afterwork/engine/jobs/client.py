"""`JobClient`: what a gateway or any other program does with jobs."""

import asyncio
from collections.abc import Sequence
from functools import partial

from arq.connections import ArqRedis

from afterwork import errors
from afterwork.contracts import Amendment, Contract, Job, JobOptions
from afterwork.engine import keys
from afterwork.engine.jobs.batching import Submitter
from afterwork.engine.jobs.queue_control import QueueControl
from afterwork.engine.jobs.reading import DEADLINE, deadline
from afterwork.engine.jobs.submission import IdempotencyKey, Submission, Submitted, Verdict, fresh_job
from afterwork.engine.jobs.wire import amendment_wire
from afterwork.engine.server.connection import told_apart


class JobClient(QueueControl):
    """Submit, read and control jobs and queues. Every call raises QueueUnavailable within 2 s if Redis cannot be used.

    async with JobClient.connect("redis://127.0.0.1:6379/0") as client:
        submitted = await client.submit(ProbeRun(queue="notifier"))
        job = await client.wait(submitted.job.id, timeout=30)
    """

    def __init__(self, redis: ArqRedis, *, replicas: int = 0) -> None:
        super().__init__(redis, replicas=replicas)
        self._submitter = Submitter(redis, replicas)

    async def close(self) -> None:
        """Give up what still waits and close the connections."""
        await self._submitter.close()
        await super().close()

    async def submit(
        self,
        job: Contract,
        options: JobOptions | None = None,
        *,
        idempotency: IdempotencyKey | None = None,
        owner: str = "",
    ) -> Submitted:
        """Store one job; concurrent calls share one call to Redis. owner: whose keys these are.

        Raises DuplicateJob, IdempotencyMismatch, QueueFull or QueueUnavailable. After the last, the job may or may
        not be stored; the same idempotency key again makes sure that it is, once.
        """
        (answer,) = await self.submit_many([Submission.of(job, options, idempotency, owner)])
        if isinstance(answer, errors.AfterworkError):
            raise answer
        return answer

    async def submit_many(
        self, submissions: Sequence[Submission]
    ) -> Sequence[Submitted | errors.AfterworkError]:
        """Store several jobs, each for itself; the answers stand in the order of the submissions."""
        until = asyncio.get_running_loop().time() + DEADLINE
        with told_apart():
            verdicts = await self._submitter.submit(submissions, DEADLINE)
        return [
            await self._replayed(verdict.id, until)
            if verdict.name == "same" and verdict.id != submission.id
            else _answer(submission, verdict)
            for submission, verdict in zip(submissions, verdicts, strict=True)
        ]

    async def cancel(self, job_id: str, if_version: int | None = None) -> Job:
        """Cancel a job: a waiting one at once, a running one through its worker.

        Raises NotFound, AlreadyFinished, or PreconditionFailed if its version is not the given one.
        """
        async with deadline():
            answer = await self._call("cancel", job_id, "" if if_version is None else if_version)
            job = await self.get(job_id)
        _check(answer.decode(), job)
        return job

    async def amend(self, job_id: str, amendment: Amendment, if_version: int | None = None) -> Job:
        """Change a job that waits.

        Raises what `cancel` raises, NotWaiting if it runs, and InvalidPayload if its new `run_at` is not before the
        time by which it must start.
        """
        arguments = amendment_wire(amendment)
        async with deadline():
            answer = await self._call("amend", job_id, "" if if_version is None else if_version, *arguments)
            job = await self.get(job_id)
        _check(answer.decode(), job)
        return job

    async def retry(self, job_id: str, if_version: int | None = None) -> Job:
        """Run a failed or cancelled job again, its attempts counted from 0, its history kept.

        Raises NotFound, NotFinished, AlreadyFinished (it succeeded), DuplicateJob (its unique key is taken), or
        PreconditionFailed if its version is not the given one.
        """
        async with deadline():
            answer, holder = await self._call("retry", job_id, "" if if_version is None else if_version)
            if answer == b"retried":
                return await self.get(job_id)
        match answer.decode():
            case "missing":
                raise errors.NotFound(f"there is no job {job_id[:100]}")
            case "changed":
                raise errors.PreconditionFailed(f"job {job_id} has another version now")
            case "payload-missing":
                raise errors.NotFound(f"the payload of job {job_id} is gone")
            case "unfinished":
                raise errors.NotFinished(f"job {job_id} has not ended, so it cannot be retried")
            case "succeeded":
                raise errors.AlreadyFinished(f"job {job_id} succeeded, so it cannot be retried")
            case _:
                raise errors.DuplicateJob(holder.decode())

    async def reap(self, lease: float) -> int:
        """Take back jobs whose leases (in seconds) have lapsed; returns how many were looked at."""
        return int(await self._call("reap", round(lease * 1000)))

    async def mend(self) -> tuple[int, set[bytes]]:
        """Put jobs back that lost their place to a key of another type, now that it is gone, at most a few batches.

        Returns how many were looked at, and the keys that are still of another type than the engine's.
        """
        looked, broken = await self._call("mend")
        return int(looked), set(broken)

    async def sweep(self, max_finished: int = keys.MAX_FINISHED) -> int:
        """Remove ended jobs whose retention is over or that are too many, at most 100; returns how many."""
        return int(await self._call("sweep", max_finished))

    async def _replayed(self, job_id: str, until: float) -> Submitted | errors.AfterworkError:
        try:
            async with deadline(until - asyncio.get_running_loop().time()):
                job = await self.get(job_id)
        except errors.NotFound:
            return errors.NotFound(
                f"job {job_id} was accepted under this key, ended, and has been removed since"
            )
        return Submitted(job_id, replayed=True, look=lambda: job)


def _answer(submission: Submission, verdict: Verdict) -> Submitted | errors.AfterworkError:
    match verdict.name:
        case "duplicate":
            return errors.DuplicateJob(verdict.id)
        case "mismatch":
            return errors.IdempotencyMismatch("this idempotency key came with another body before")
        case "full":
            return errors.QueueFull("Redis has no memory left for new jobs")
    return Submitted(submission.id, replayed=False, look=partial(fresh_job, submission, verdict))


def _check(answer: str, job: Job) -> None:
    match answer:
        case "changed":
            raise errors.PreconditionFailed(f"job {job.id} has version {job.version} now")
        case "finished":
            raise errors.AlreadyFinished(f"job {job.id} {job.state} already")
        case "running":
            raise errors.NotWaiting(f"job {job.id} is {job.state}")
        case "too-late":
            raise errors.InvalidPayload(f"run_at is not before start_before of job {job.id}")
