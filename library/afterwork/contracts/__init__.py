"""What a job is: pydantic models only, imported by clients, the gateway and the services alike."""

from afterwork.contracts.base import Contract, KindLimits, KindMeta
from afterwork.contracts.events import FeedEvent, FeedGap, JobEvent, StateChange
from afterwork.contracts.job import (
    Attempt,
    Durability,
    Job,
    JobState,
    JobSummary,
    LogLine,
    Priority,
    Problem,
    Progress,
)
from afterwork.contracts.listing import JobPage, JobQuery
from afterwork.contracts.options import Amendment, FollowUp, JobOptions
from afterwork.contracts.overview import KindCounts, Ledger, QueueOverview
from afterwork.contracts.service import Service

__all__ = [
    "Amendment",
    "Attempt",
    "Contract",
    "Durability",
    "FeedEvent",
    "FeedGap",
    "FollowUp",
    "Job",
    "JobEvent",
    "JobOptions",
    "JobPage",
    "JobQuery",
    "JobState",
    "JobSummary",
    "KindCounts",
    "KindLimits",
    "KindMeta",
    "Ledger",
    "LogLine",
    "Priority",
    "Problem",
    "Progress",
    "QueueOverview",
    "Service",
    "StateChange",
]
