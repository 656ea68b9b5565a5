"""For tests of handlers: run one job through the real executor, without Redis and without waiting."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from afterwork.contracts import Contract, LogLine, Progress
from afterwork.engine.codec import encode_checkpoint, encode_payload, loads
from afterwork.engine.work.claims import Claim
from afterwork.engine.work.executor import Execution, Work, waiting
from afterwork.engine.work.outcome import Outcome
from afterwork.engine.work.parts import Parts
from afterwork.engine.work.retry import Backoff
from afterwork.engine.work.router import JobRouter
from afterwork.sandbox import Sandbox


class Reported:
    """What a handler reported: every progress, log line and checkpoint, in turn."""

    def __init__(self) -> None:
        self.progresses: list[Progress] = []
        self.lines: list[LogLine] = []
        self.checkpoints: list[Any] = []

    def progress(self, progress: Progress) -> None:
        """Keep one."""
        self.progresses.append(progress)

    def log(self, level: str, text: str) -> None:
        """Keep one."""
        self.lines.append(LogLine(at=datetime.now(UTC), level=level, text=text, version=0))

    async def checkpoint(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep one, as the next attempt would find it. Raises CheckpointTooLarge or ResultNotJson."""
        self.checkpoints.append(loads(encode_checkpoint(value)))


async def work(
    router: JobRouter,
    job: Contract,
    *,
    job_id: str = "00000000-0000-7000-8000-000000000000",
    attempt: int = 1,
    checkpointed: Any = None,  # noqa: ANN401 - any JSON value
    reported: Reported | None = None,
    parts: Sequence[object] = (),
) -> Outcome:
    """Decode the job as a worker would, call its handler, and return the classified outcome.

    job_id: the same for all attempts of one job. attempt: which attempt it is; at the contract's `max_attempts` a
    failure is final. checkpointed: what an earlier attempt left. reported: receives what the handler reports.
    parts: what the service would work with (`run.part`); a `Sandbox` is there without being given, as it is in a
    service, but its start takes half a second for each job.
    """
    meta = job.meta
    claim = Claim(
        id=job_id,
        kind=meta.kind,
        token="test:0",  # noqa: S106 - a claim's token, no secret
        attempt=attempt,
        max_attempts=meta.max_attempts,
        timeout=meta.timeout,
        created_ms=0,
        deaths=0,
        is_suspect=False,
        payload=encode_payload(job, 0),
        checkpoint=b"" if checkpointed is None else encode_checkpoint(checkpointed),
    )
    async with Sandbox(preload=router.preload, waiting=waiting) as sandbox:
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        Execution(
            claim,
            Work(router.kinds[meta.kind], router.perform(meta.kind), Parts(*parts, sandbox)),
            worker="test",
            backoff=Backoff(),
            channel=reported or Reported(),
            on_end=lambda _, outcome: ended.set_result(outcome),
        )
        return await ended
