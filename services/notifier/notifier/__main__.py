"""`python -m notifier`: run the notifier."""

from afterwork.service import run_service
from afterwork.telemetry import configure_logging
from notifier.jobs import jobs
from notifier.settings import Settings


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = Settings.load()
    configure_logging(settings.log)
    run_service(jobs, settings)


if __name__ == "__main__":
    main()
