"""`python -m archiver`: run the archiver."""

from afterwork.service import run_service
from afterwork.telemetry import configure_logging
from archiver.jobs import jobs
from archiver.settings import Settings


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = Settings.load()
    configure_logging(settings.log)
    run_service(jobs, settings)


if __name__ == "__main__":
    main()
