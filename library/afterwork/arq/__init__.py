"""ARQ's names, signatures and semantics on Afterwork's engine: change the import, keep the code.

    from afterwork.arq import create_pool, cron, func, Retry, run_worker

What is the same, what is better and what differs: docs/arq.md.
"""

from arq.version import VERSION

from afterwork.arq.connections import ArqRedis, RedisSettings, create_pool
from afterwork.arq.cron import CronJob, cron
from afterwork.arq.jobs import (
    DeserializationError,
    Job,
    JobDef,
    JobResult,
    JobStatus,
    ResultNotFound,
    SerializationError,
)
from afterwork.arq.worker import (
    FailedJobs,
    Function,
    JobExecutionFailed,
    Retry,
    RetryJob,
    Worker,
    check_health,
    create_worker,
    func,
    run_worker,
)

__version__ = VERSION

__all__ = [
    "VERSION",
    "ArqRedis",
    "CronJob",
    "DeserializationError",
    "FailedJobs",
    "Function",
    "Job",
    "JobDef",
    "JobExecutionFailed",
    "JobResult",
    "JobStatus",
    "RedisSettings",
    "ResultNotFound",
    "Retry",
    "RetryJob",
    "SerializationError",
    "Worker",
    "check_health",
    "create_pool",
    "create_worker",
    "cron",
    "func",
    "run_worker",
]
