"""`python -m tests.integration.workers.unruly`: run the unruly service."""

from tests.integration.workers.unruly.jobs import jobs

from afterwork.service import ServiceSettings, run_service
from afterwork.telemetry import configure_logging


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = ServiceSettings.load()
    configure_logging(settings.log)
    run_service(jobs, settings)


if __name__ == "__main__":
    main()
