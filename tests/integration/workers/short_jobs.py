"""Jobs for the notifier, and what it means that nothing disturbed them."""

from afterwork.contracts import Job, JobState
from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient


async def submit(client: JobClient, seconds: float, count: int = 1) -> list[str]:
    """Ids of new jobs for the notifier."""
    probe = ProbeRun(queue="notifier", seconds=seconds)
    return [(await client.submit(probe)).job.id for _ in range(count)]


def assert_undisturbed(jobs: list[Job]) -> None:
    """Each job ran once, in one go: nobody took its worker for dead, nothing was handed out twice."""
    for job in jobs:
        assert job.state is JobState.SUCCEEDED, job
        assert (job.attempt, job.claims, job.deaths, len(job.history)) == (1, 1, 0, 1), job


async def assert_balanced(client: JobClient) -> None:
    ledger = await client.ledger()
    assert (ledger.imbalance, ledger.queued, ledger.running) == (0, 0, 0), ledger
