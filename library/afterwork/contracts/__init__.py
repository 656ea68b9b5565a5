"""What a job is: pydantic models only, imported by clients, the gateway and the services alike."""

from afterwork.contracts.base import Contract, KindMeta
from afterwork.contracts.job import Attempt, Durability, Job, JobState, JobSummary, Priority, Problem
from afterwork.contracts.listing import JobPage, JobQuery
from afterwork.contracts.options import JobOptions
from afterwork.contracts.overview import KindCounts, Ledger, QueueOverview
from afterwork.contracts.service import Service

__all__ = [
    "Attempt",
    "Contract",
    "Durability",
    "Job",
    "JobOptions",
    "JobPage",
    "JobQuery",
    "JobState",
    "JobSummary",
    "KindCounts",
    "KindMeta",
    "Ledger",
    "Priority",
    "Problem",
    "QueueOverview",
    "Service",
]
