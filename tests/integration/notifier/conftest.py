"""The notifier's parts, beside servers that the tests start."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from afterwork.contracts.notifier import NotificationReceipt, SendNotification
from afterwork.egress import Egress
from afterwork.engine.codec import loads
from afterwork.engine.work.outcome import Done, Outcome, Retry
from afterwork.stores import Stores, StoreSettings
from afterwork.testing import Reported, work
from notifier.delivery import Means
from notifier.jobs import jobs
from notifier.receipts import Receipts
from notifier.settings import SmtpSettings
from notifier.smtp import Mailer
from notifier.webhook import Webhooks

KEY = b"k" * 32


class Notifier:
    """Works jobs as the service does, one attempt at a time.

    stores: `inbox` and `receipts`, this one at `receipts`. egress: may be replaced.
    """

    def __init__(self, stores: Stores, receipts: Path) -> None:
        self.stores = stores
        self.receipts = receipts
        self.egress = Egress(("127.0.0.1",))
        self.mailer = Mailer(SmtpSettings())

    def uses(self, port: int, context: ssl.SSLContext | None = None, **settings: object) -> None:
        """Where the mail server is, and what else is to be said of it."""
        chosen = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 5, **settings}
        self.mailer = Mailer(SmtpSettings.model_validate(chosen), context)

    async def attempt(
        self,
        job: SendNotification,
        *,
        attempt: int = 1,
        earlier: Reported | None = None,
        reported: Reported | None = None,
    ) -> Outcome:
        """One attempt. earlier: what an earlier one has reported."""
        checkpoints = earlier.checkpoints if earlier else []
        async with self.egress.client(seconds=2) as client:
            means = Means(self.mailer, Webhooks(client, KEY), self.stores, "shop@example.com")
            return await work(
                jobs,
                job,
                attempt=attempt,
                checkpointed=checkpoints[-1] if checkpoints else None,
                reported=reported,
                parts=[means, Receipts(self.stores["receipts"], self.receipts)],
            )

    async def receipt(
        self, job: SendNotification, *, attempt: int = 1, earlier: Reported | None = None
    ) -> NotificationReceipt:
        """What a job that succeeds returns."""
        outcome = await self.attempt(job, attempt=attempt, earlier=earlier)
        assert isinstance(outcome, Done), outcome
        return NotificationReceipt.model_validate_json(outcome.result)


def problem(outcome: Outcome) -> str:
    """What a failed attempt says."""
    assert not isinstance(outcome, Done), outcome.result
    assert hasattr(outcome, "problem"), outcome
    return str(loads(outcome.problem)["detail"])


def is_retried(outcome: Outcome) -> bool:
    """Whether there is another attempt."""
    return isinstance(outcome, Retry)


@pytest.fixture
async def notifier(tmp_path: Path) -> AsyncIterator[Notifier]:
    settings = {name: StoreSettings(url=(tmp_path / name).as_uri()) for name in ("inbox", "receipts")}
    async with Stores.open(settings) as stores:
        one = Notifier(stores, tmp_path / "receipts")
        yield one
        await one.mailer.close()
