"""Counts over all jobs: the ledger, and what waits in each queue."""

from afterwork.contracts.job import Seen


class Ledger(Seen):
    """Conservation of jobs: accepted + adopted = scheduled + queued + running + succeeded + failed + cancelled + swept.

    adopted: jobs that a plain ARQ client put into a lane. swept: ended jobs removed after their retention.
    imbalance: 0 unless a job was lost or doubled; the sum of the absolute differences of both sides, and between
    the indexes and the lanes of each queue.
    """

    accepted: int
    adopted: int
    scheduled: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    swept: int
    imbalance: int


class KindCounts(Seen):
    """Jobs of one kind in one queue. waiting: scheduled or queued; due: those of them that could start now.

    oldest_due_age: seconds since the oldest due job could have started; None if none is due.
    """

    kind: str
    waiting: int
    due: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    oldest_due_age: float | None


class QueueOverview(Seen):
    """One queue: its totals, and the same per kind. `suspects` run one at a time per worker."""

    name: str
    waiting: int
    due: int
    running: int
    suspects: int
    oldest_due_age: float | None
    kinds: list[KindCounts]
