"""The table of contents of the notifier: which kinds it handles."""

from datetime import UTC, datetime

from afterwork.contracts.notifier import NotificationReceipt, SendNotification
from afterwork.engine import Fail, JobRouter, Run
from afterwork.errors import StoreFull, StoreUnavailable
from notifier.delivery import Delivery, Means
from notifier.outcomes import Outcomes
from notifier.receipts import Receipts

jobs = JobRouter("notifier")


class Deferred(Exception):
    """Some targets are to be tried again."""


@jobs.handles(SendNotification)
async def send_notification(job: SendNotification, run: Run) -> NotificationReceipt:
    """Serve every target once. It fails if none could be served, and succeeds if some were; the receipt tells which."""
    started = datetime.now(UTC)
    delivery = Delivery(job, run, run.part(Means))
    await delivery.attempt()
    outcomes = delivery.outcomes
    if outcomes.open and run.attempt < run.max_attempts:
        raise Deferred(_why(outcomes))
    outcomes.give_up()
    receipts = run.part(Receipts)
    receipt = NotificationReceipt(
        job_id=run.job_id,
        started_at=started,
        finished_at=datetime.now(UTC),
        targets=outcomes.told(delivery.message_id),
        receipt=receipts.name(run.job_id),
    )
    receipt = await _kept(receipt, receipts, run)
    if outcomes.nothing_was_sent:
        raise Fail(_nothing_sent(receipt))
    return receipt


async def _kept(receipt: NotificationReceipt, receipts: Receipts, run: Run) -> NotificationReceipt:
    """The receipt, written down; without its name if that cannot be done in the last attempt."""
    try:
        await receipts.write(receipt)
    except (OSError, StoreFull, StoreUnavailable):
        if run.attempt < run.max_attempts:
            raise
        run.logger.exception("the receipt cannot be written")
        return receipt.model_copy(update={"receipt": None})
    return receipt


def _why(outcomes: Outcomes) -> str:
    target, reply = outcomes.first_open
    count = len(outcomes.open)
    text = f"{target.shown}: {reply.code or ''} {reply.detail}"
    return f"{count} to be tried again: {' '.join(text.split())}"


def _nothing_sent(receipt: NotificationReceipt) -> str:
    first = receipt.targets[0]
    answer = " ".join(str(part) for part in (first.code, first.detail) if part)
    others = f", nor to {len(receipt.targets) - 1} others" if len(receipt.targets) > 1 else ""
    return f"nothing was sent to {first.target} ({answer}){others}"
