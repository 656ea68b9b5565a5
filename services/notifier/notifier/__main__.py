"""`python -m notifier`: run the notifier."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from afterwork.egress import Egress
from afterwork.engine import Parts
from afterwork.service import run_service
from afterwork.stores import Stores
from afterwork.telemetry import configure_logging
from notifier.delivery import Means
from notifier.jobs import jobs
from notifier.receipts import STORE, Receipts
from notifier.settings import Settings
from notifier.smtp import Mailer
from notifier.webhook import Webhooks

THREADS = 8
"""For files, large letters, and names of hosts."""


def main() -> None:
    """Build what lives as long as the process, and run."""
    settings = Settings.load()
    configure_logging(settings.log)

    @asynccontextmanager
    async def parts() -> AsyncIterator[Parts]:
        # one that is shut down with the service, so that no thread outlives it
        with ThreadPoolExecutor(THREADS, "notifier") as executor:
            asyncio.get_running_loop().set_default_executor(executor)
            async with _opened(settings) as opened:
                yield opened

    run_service(jobs, settings, parts)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Parts]:
    async with (
        Stores.open(settings.stores) as stores,
        Mailer.open(settings.smtp) as mailer,
        Egress(settings.egress.entries).client(seconds=settings.webhooks.timeout) as client,
    ):
        webhooks = Webhooks(client, settings.webhooks.key)
        yield Parts(Means(mailer, webhooks, stores, settings.smtp.sender), _receipts(settings, stores))


def _receipts(settings: Settings, stores: Stores) -> Receipts:
    if STORE not in settings.stores:
        return Receipts(None)
    place = settings.stores[STORE]
    return Receipts(stores[STORE], Path(place.path) if place.scheme == "file" else None)


if __name__ == "__main__":
    main()
