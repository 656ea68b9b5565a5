"""Counts over all jobs: the ledger, and what waits in each queue."""

from typing import Literal

from afterwork.contracts.base import KindLimits
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
    paused: whether this kind is; nothing of it starts then, nor if its queue is paused.
    limits: those that hold. limits_from: whether the kind's contract says so, or the operator in its place.
    """

    kind: str
    waiting: int
    due: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    oldest_due_age: float | None
    paused: bool = False
    limits: KindLimits = KindLimits()
    limits_from: Literal["contract", "operator"] = "contract"


class QueueOverview(Seen):
    """One queue: its totals, and the same per kind. `suspects` run one at a time per worker.

    paused: whether the whole queue is, so that nothing of it starts.
    """

    name: str
    waiting: int
    due: int
    running: int
    suspects: int
    oldest_due_age: float | None
    paused: bool = False
    kinds: list[KindCounts]
