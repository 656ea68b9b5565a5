"""A job's record, made up for tests of how it is shown."""

from datetime import UTC, datetime

from afterwork.contracts import Durability, Job, JobState, Priority

CREATED = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)


def record(state: JobState = JobState.QUEUED, *, run_at: datetime = CREATED, version: int = 1) -> Job:
    """A job in this state, read at the instant of its creation."""
    return Job(
        id="0199aaaa-0000-7000-8000-000000000000",
        kind="probe.run",
        queue="notifier",
        state=state,
        priority=Priority.NORMAL,
        attempt=0,
        max_attempts=5,
        claims=0,
        deaths=0,
        timeout=300,
        durability=Durability.FSYNC,
        created_at=CREATED,
        run_at=run_at,
        started_at=None,
        finished_at=None,
        error=None,
        unique_key=None,
        cancel_requested=False,
        worker=None,
        version=version,
        as_of=CREATED,
    )
