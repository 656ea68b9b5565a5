"""`python -m tests.integration.arq_faults.inheriting`: a service whose settings inherit what they say."""

from afterwork.service import ServiceSettings, run_service
from afterwork.service.settings import WorkerSettings
from afterwork.telemetry import configure_logging
from notifier.jobs import jobs

MODULE = __name__
CONCURRENCY = 3


class House(ServiceSettings):
    """What all services of a house have in common."""

    worker: WorkerSettings = WorkerSettings(concurrency=CONCURRENCY)


class Inheriting(House):
    """All that it needs it has from its base."""


if __name__ == "__main__":
    settings = Inheriting.load()
    configure_logging(settings.log)
    run_service(jobs, settings)
