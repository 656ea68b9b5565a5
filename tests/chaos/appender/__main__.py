"""`python -m tests.chaos.appender`: run the appender."""

from tests.chaos.appender.jobs import jobs

from afterwork.service import ServiceSettings, run_service
from afterwork.telemetry import configure_logging


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = ServiceSettings.load()
    configure_logging(settings.log)
    run_service(jobs, settings)


if __name__ == "__main__":
    main()
