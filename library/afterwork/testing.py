"""For tests of handlers: run one job through the real executor, without Redis and without waiting."""

import asyncio

from afterwork.contracts import Contract
from afterwork.engine.claims import Claim
from afterwork.engine.codec import encode_payload
from afterwork.engine.executor import Execution, Work
from afterwork.engine.outcome import Outcome
from afterwork.engine.retry import Backoff
from afterwork.engine.router import JobRouter


async def work(router: JobRouter, job: Contract, *, attempt: int = 1) -> Outcome:
    """Decode the job as a worker would, call its handler, and return the classified outcome.

    attempt: which attempt it is; at the contract's `max_attempts` a failure is final.
    """
    meta = job.meta
    claim = Claim(
        id="00000000-0000-7000-8000-000000000000",
        kind=meta.kind,
        token="test:0",  # noqa: S106 - a claim's token, no secret
        attempt=attempt,
        max_attempts=meta.max_attempts,
        timeout=meta.timeout,
        created_ms=0,
        deaths=0,
        is_suspect=False,
        payload=encode_payload(job, 0),
    )
    ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    Execution(
        claim,
        Work(router.kinds[meta.kind], router.handler(meta.kind)),
        worker="test",
        backoff=Backoff(),
        on_end=lambda _, outcome: ended.set_result(outcome),
    )
    return await ended
