"""`python -m archiver`: run the archiver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from afterwork.engine import Parts
from afterwork.service import run_service
from afterwork.stores import Stores
from afterwork.telemetry import configure_logging
from archiver.jobs import jobs
from archiver.settings import Settings
from archiver.transfer import Slots


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = Settings.load()
    configure_logging(settings.log)

    @asynccontextmanager
    async def parts() -> AsyncIterator[Parts]:
        async with Stores.open(settings.stores) as stores:
            yield Parts(stores, Slots())

    run_service(jobs, settings, parts)


if __name__ == "__main__":
    main()
