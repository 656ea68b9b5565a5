"""What a client may do with a job that is there: cancel it, retry it; and the books."""

import pytest
from tests.integration.engine.transitions import PROBLEM, Alpha, ScriptedWorker

from afterwork import errors
from afterwork.contracts import JobOptions, JobState
from afterwork.engine import JobClient
from afterwork.engine.work.outcome import Done, Failed


async def submit(client: JobClient, text: str = "", options: JobOptions | None = None) -> str:
    return (await client.submit(Alpha(text=text), options)).job.id


async def test_cancelling_a_running_job_shows_the_request(client: JobClient, worker: ScriptedWorker) -> None:
    job_id = await submit(client)
    worker.claim()

    job = await client.cancel(job_id)

    assert (job.state, job.cancel_requested) == (JobState.RUNNING, True)


async def test_what_has_ended_can_be_cancelled_no_more_and_a_success_not_retried(
    client: JobClient, worker: ScriptedWorker
) -> None:
    job_id = await submit(client)
    (claim,) = worker.claim()
    with pytest.raises(errors.NotFinished):
        await client.retry(job_id)
    worker.finish(claim, Done(b"1"))

    with pytest.raises(errors.AlreadyFinished):
        await client.cancel(job_id)
    with pytest.raises(errors.AlreadyFinished):
        await client.retry(job_id)


async def test_a_retried_job_waits_again_with_its_history(client: JobClient, worker: ScriptedWorker) -> None:
    job_id = await submit(client, options=JobOptions(unique_key="u"))
    (claim,) = worker.claim()
    worker.finish(claim, Failed(PROBLEM))

    job = await client.retry(job_id)

    assert (job.state, job.attempt, job.error, len(job.history)) == (JobState.QUEUED, 0, None, 1)
    assert (job.started_at, job.finished_at, job.worker) == (None, None, None)


async def test_a_retry_whose_unique_key_is_taken_names_the_holder(
    client: JobClient, worker: ScriptedWorker
) -> None:
    job_id = await submit(client, options=JobOptions(unique_key="u"))
    (claim,) = worker.claim()
    worker.finish(claim, Failed(PROBLEM))
    holder = await submit(client, options=JobOptions(unique_key="u"))

    with pytest.raises(errors.DuplicateJob) as refused:
        await client.retry(job_id)

    assert refused.value.job_id == holder


async def test_the_books_and_the_queues_are_told(client: JobClient, worker: ScriptedWorker) -> None:
    await submit(client)
    await submit(client, options=JobOptions(delay=60))
    worker.claim(1)

    ledger, (queue,) = await client.ledger(), await client.queues()

    assert (ledger.accepted, ledger.running, ledger.scheduled, ledger.imbalance) == (2, 1, 1, 0)
    assert (queue.name, queue.waiting, queue.running, queue.due) == ("q", 1, 1, 0)
