"""How a job is stored and run: ARQ on Redis, with records, leases, fencing and retries around it."""

from afterwork.engine.jobs.client import JobClient
from afterwork.engine.jobs.duties import Duties
from afterwork.engine.jobs.submission import IdempotencyKey, Submission, Submitted
from afterwork.engine.server.check import ServerReport, UnfitServer
from afterwork.engine.work.isolated import IsolatedRun
from afterwork.engine.work.outcome import Fail, Snooze
from afterwork.engine.work.parts import Parts
from afterwork.engine.work.router import JobRouter
from afterwork.engine.work.run import Run
from afterwork.engine.work.threads import BlockingRun, Stopped

__all__ = [
    "BlockingRun",
    "Duties",
    "Fail",
    "IdempotencyKey",
    "IsolatedRun",
    "JobClient",
    "JobRouter",
    "Parts",
    "Run",
    "ServerReport",
    "Snooze",
    "Stopped",
    "Submission",
    "Submitted",
    "UnfitServer",
]
