"""`JobClient` on a real server: what it answers, what it raises, and how few calls it makes."""

import asyncio

import pytest
from tests.integration.engine.transitions import PROBLEM, Alpha, Beta, ScriptedWorker, Transitions

from afterwork import errors
from afterwork.contracts import Job, JobOptions, JobState
from afterwork.engine import IdempotencyKey, JobClient, Submission, Submitted
from afterwork.engine.work.outcome import Done, Failed, Retry


def calls_of_scripts(transitions: Transitions) -> int:
    stats = transitions.redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


async def submit(client: JobClient, text: str = "", options: JobOptions | None = None) -> str:
    return (await client.submit(Alpha(text=text), options)).job.id


# ------------------------------------------------------------------------------------------------ submit


@pytest.mark.parametrize(
    "options",
    [
        JobOptions(),
        JobOptions(delay=60, priority="high", max_attempts=7, timeout=1.5, unique_key="u"),
        JobOptions(run_at="2020-01-01T00:00:00Z"),
        JobOptions(tags=["a", "ünder"], start_before="2100-01-01T00:00:00.5Z", retention=1.5),
    ],
)
async def test_what_submit_answers_is_what_get_shows(client: JobClient, options: JobOptions) -> None:
    submitted = await client.submit(Alpha(), options)

    assert submitted.replayed is False
    shown = await client.get(submitted.job.id)
    assert submitted.job.model_dump() == shown.model_dump()
    assert submitted.job.as_of <= shown.as_of


async def test_concurrent_submits_share_calls(client: JobClient, transitions: Transitions) -> None:
    # given a client that is connected
    await submit(client)
    transitions.redis.config_resetstat()

    # when a thousand jobs are submitted at once
    submitted = await asyncio.gather(*(client.submit(Alpha(text=str(i))) for i in range(1000)))

    # then all are stored, by hardly more calls than batches are needed
    assert len({one.job.id for one in submitted}) == 1000
    assert transitions.ledger()["accepted"] == 1001
    assert calls_of_scripts(transitions) <= 1000 // 128 + 3


async def test_a_lone_submit_does_not_wait_for_company(client: JobClient, transitions: Transitions) -> None:
    await submit(client)
    transitions.redis.config_resetstat()

    for _ in range(5):
        await submit(client)

    assert calls_of_scripts(transitions) == 5


@pytest.mark.parametrize(("kib", "jobs", "calls"), [(100, 10, 5), (300, 3, 3), (0, 300, 3)])
async def test_a_call_carries_at_most_128_jobs_and_256_kib_or_one_larger_job(
    client: JobClient, transitions: Transitions, kib: int, jobs: int, calls: int
) -> None:
    await submit(client)
    transitions.redis.config_resetstat()

    await client.submit_many([Submission.of(Alpha(text="x" * kib * 1024)) for _ in range(jobs)])

    assert calls_of_scripts(transitions) - 1 == calls - 1
    assert transitions.ledger()["accepted"] == 1 + jobs


async def test_many_answers_stand_in_the_order_of_their_submissions(client: JobClient) -> None:
    # given a job that holds a unique key
    first = await submit(client, options=JobOptions(unique_key="u"))
    submissions = [
        Submission.of(Alpha(text="1")),
        Submission.of(Alpha(), JobOptions(unique_key="u")),
        Submission.of(Beta()),
    ]

    # when several are submitted, one of which asks for that key
    answers = await client.submit_many(submissions)

    # then it alone is refused
    one, refused, other = answers
    assert isinstance(one, Submitted)
    assert isinstance(other, Submitted)
    assert [one.job.id, other.job.id] == [submissions[0].id, submissions[2].id]
    assert isinstance(refused, errors.DuplicateJob)
    assert refused.job_id == first


async def test_the_same_submission_again_is_the_same_job(client: JobClient) -> None:
    submission = Submission.of(Alpha())

    first, second = [*await client.submit_many([submission]), *await client.submit_many([submission])]

    assert isinstance(first, Submitted)
    assert isinstance(second, Submitted)
    assert first.job.id == second.job.id == submission.id
    assert (await client.ledger()).accepted == 1


async def test_an_idempotency_key_replays_the_job_as_it_is_now(
    client: JobClient, worker: ScriptedWorker
) -> None:
    # given a job under a key that has run
    key = IdempotencyKey("key", b"body")
    first = await client.submit(Alpha(), idempotency=key)
    (claim,) = worker.claim()
    worker.finish(claim, Done(b'{"x":1}'))

    # when the request comes again
    again = await client.submit(Alpha(), idempotency=key)

    # then it is that job with its result; another body is refused
    assert (again.replayed, again.job.id, again.job.result) == (True, first.job.id, {"x": 1})
    with pytest.raises(errors.IdempotencyMismatch):
        await client.submit(Alpha(), idempotency=IdempotencyKey("key", b"else"))


async def test_a_replay_of_a_job_that_was_removed_says_so(
    client: JobClient, transitions: Transitions
) -> None:
    key = IdempotencyKey("key", b"body")
    job_id = (await client.submit(Alpha(), idempotency=key)).job.id
    await client.cancel(job_id)
    transitions.set_clock(transitions.now + 10**12)
    await asyncio.to_thread(transitions.sweep)
    transitions.use_real_clock()

    with pytest.raises(errors.NotFound, match=job_id):
        await client.submit(Alpha(), idempotency=key)


# ------------------------------------------------------------------------------------------------ get


async def test_a_jobs_life_can_be_followed(client: JobClient, worker: ScriptedWorker) -> None:
    # given a job
    job_id = await submit(client, "hi")
    versions = []

    async def now() -> Job:
        job = await client.get(job_id)
        versions.append(job.version)
        return job

    # then it is queued
    queued = await now()
    assert (queued.state, queued.attempt, queued.started_at, queued.history) == (JobState.QUEUED, 0, None, [])
    assert await client.payload(job_id) == {"queue": "q", "text": "hi"}

    # and running, with a running attempt at the end of its history
    (claim,) = worker.claim()
    running = await now()
    assert (running.state, running.attempt, running.worker) == (JobState.RUNNING, 1, "w")
    assert [(attempt.attempt, attempt.finished_at) for attempt in running.history] == [(1, None)]

    # and scheduled for its next attempt, the first one's problem in its history
    worker.finish(claim, Retry(60, PROBLEM))
    retried = await now()
    assert (retried.state, retried.error) == (JobState.SCHEDULED, None)
    (attempt,) = retried.history
    assert attempt.error is not None
    assert (attempt.error.code, attempt.worker) == ("handler-error", "w")
    assert attempt.started_at == running.started_at

    # and cancelled, which is an error too; its payload is still there
    cancelled = await client.cancel(job_id)
    assert (cancelled.state, cancelled.error and cancelled.error.code) == (JobState.CANCELLED, "cancelled")
    assert await client.payload(job_id) == {"queue": "q", "text": "hi"}
    assert versions == sorted(set(versions))
    assert cancelled.version > versions[-1]


@pytest.mark.parametrize(
    ("encoded", "result"),
    [
        (b"null", None),
        (b"[]", []),
        (b'{"a":[],"b":{}}', {"a": [], "b": {}}),
        (b"12345678901234567890", 12345678901234567890),
        (b'"\\u0000"', "\0"),
    ],
)
async def test_a_result_comes_back_as_it_was_returned(
    client: JobClient, worker: ScriptedWorker, encoded: bytes, result: object
) -> None:
    job_id = await submit(client)
    (claim,) = worker.claim()
    worker.finish(claim, Done(encoded))

    assert await client.result(job_id) == result


async def test_there_is_no_result_before_the_end_nor_of_a_failure(
    client: JobClient, worker: ScriptedWorker
) -> None:
    job_id = await submit(client)
    with pytest.raises(errors.NotFinished):
        await client.result(job_id)
    (claim,) = worker.claim()
    with pytest.raises(errors.NotFinished):
        await client.result(job_id)

    worker.finish(claim, Failed(PROBLEM))

    with pytest.raises(errors.NotFound):
        await client.result(job_id)


async def test_an_unknown_job_is_not_found(client: JobClient) -> None:
    for call in (client.get, client.payload, client.result, client.cancel, client.retry):
        with pytest.raises(errors.NotFound):
            await call("unknown")


async def test_a_job_under_which_workers_died_tells_of_it(
    client: JobClient, transitions: Transitions, worker: ScriptedWorker
) -> None:
    # given a job whose worker died
    job_id = await submit(client)
    worker.claim()
    transitions.redis.zadd("aw:leases:q", {job_id: 1})

    # when the lease is taken back
    assert await client.reap(60) == 1

    # then history says so
    job = await client.get(job_id)
    (attempt,) = job.history
    assert (job.state, job.attempt) == (JobState.QUEUED, 0)
    assert attempt.error is not None
    assert attempt.error.code == "worker-lost"
