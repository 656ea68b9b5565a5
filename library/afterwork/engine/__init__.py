"""How a job is stored and run: ARQ on Redis, with records, leases, fencing and retries around it."""

from afterwork.engine.client import JobClient
from afterwork.engine.connection import ServerInfo
from afterwork.engine.duties import Duties
from afterwork.engine.outcome import Fail, Snooze
from afterwork.engine.router import JobRouter
from afterwork.engine.run import Run
from afterwork.engine.submission import IdempotencyKey, Submission, Submitted

__all__ = [
    "Duties",
    "Fail",
    "IdempotencyKey",
    "JobClient",
    "JobRouter",
    "Run",
    "ServerInfo",
    "Snooze",
    "Submission",
    "Submitted",
]
