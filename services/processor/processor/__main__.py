"""`python -m processor`: run the processor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from afterwork.documents import Documents, UnfitDatabase
from afterwork.engine import Parts
from afterwork.service import run_service, sandbox_of
from afterwork.stores import Stores
from afterwork.telemetry import configure_logging
from processor.images.analyst import Analyst
from processor.jobs import jobs
from processor.settings import Settings


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = Settings.load()
    configure_logging(settings.log)

    @asynccontextmanager
    async def parts() -> AsyncIterator[Parts]:
        try:
            async with (
                Stores.open(settings.stores) as stores,
                Documents.open(settings.documents.url.get_secret_value()) as documents,
                sandbox_of(jobs, settings) as sandbox,
            ):
                yield Parts(stores, sandbox, Analyst(stores, documents, sandbox))
        except UnfitDatabase as fault:
            raise SystemExit(f"afterwork: {fault}") from None

    run_service(jobs, settings, parts)


if __name__ == "__main__":
    main()
