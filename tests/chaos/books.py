"""What must be true of all jobs when it is over, counted from what the engine kept and from what the workers logged."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.load import Order
from tests.chaos.logs import records

from afterwork.contracts import Job, JobQuery, JobState, Ledger
from afterwork.engine import JobClient

PAGE = 500
MAX_DEATHS = 3
"""As documented: a job whose workers die three times ends as worker-lost."""


async def all_ids(client: JobClient) -> list[str]:
    """Every job there is, page by page."""
    found: list[str] = []
    token = None
    while True:
        page = await client.list(JobQuery(page_size=PAGE, page_token=token))
        found += [job.id for job in page.jobs]
        token = page.next_page_token
        if token is None:
            return found


def errors_of(job: Job) -> Counter[str | None]:
    """How its attempts ended, by code; None for the one that succeeded."""
    return Counter(attempt.error.code if attempt.error else None for attempt in job.history)


def assert_ended_as_expected(order: Order, job: Job) -> None:
    """It succeeded in exactly one attempt; or its workers were killed so often that it was given up, as documented."""
    errors = errors_of(job)
    assert errors["worker-lost"] == job.deaths, job
    if job.state is JobState.SUCCEEDED:
        assert (errors[None], errors["handler-error"]) == (1, order.attempts - 1), job
        assert job.attempt == order.attempts, job
    else:
        assert job.error is not None, job
        assert (job.state, job.error.code) == (JobState.FAILED, "worker-lost"), job
        assert (job.deaths, errors[None]) == (MAX_DEATHS, 0), job


def falsely_dead(jobs: Iterable[Job], killed: Iterable[int]) -> list[str]:
    """Workers that history says were lost, but that nobody had killed."""
    pids = {str(pid) for pid in killed}
    lost = {
        attempt.worker
        for job in jobs
        for attempt in job.history
        if attempt.error and attempt.error.code == "worker-lost"
    }
    return sorted(worker for worker in lost if worker.split("-")[-2] not in pids)


def runs_in_logs(logs: Iterable[Path]) -> Counter[str]:
    """How often each job really ran to its end: job id → successes that workers logged."""
    return Counter(
        line["job_id"]
        for log in logs
        for line in records(log)
        if line.get("outcome") == "done" and "job_id" in line
    )


def is_over(ledger: Ledger) -> bool:
    """Whether nothing waits or runs any more."""
    return ledger.scheduled == ledger.queued == ledger.running == 0
