"""`python -m greeter`: run the greeter."""

from afterwork.service import ServiceSettings, run_service
from afterwork.telemetry import configure_logging
from greeter.jobs import jobs


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = ServiceSettings.load()
    configure_logging(settings.log)
    run_service(jobs, settings)


if __name__ == "__main__":
    main()
