"""One attempt at a notification: all that is open is tried once, and what was answered is not asked again."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from afterwork.contracts.addresses import mailbox
from afterwork.contracts.notifier import ObjectAttachment, SendNotification
from afterwork.engine import Run
from afterwork.stores import Stores
from notifier import webhook
from notifier.attachments import attachments
from notifier.message import Letter, wire_address
from notifier.outcomes import Outcomes
from notifier.replies import Reply, later
from notifier.smtp import Mailer
from notifier.targets import MailTarget, WebTarget, doubles, targets_of
from notifier.webhook import Webhooks

RECIPIENTS = 100
"""Of one transaction: what every server must take (RFC 5321 4.5.3.1.8), and what a crash may cost at most."""
POSTS_AT_ONCE = 20
LARGE_AT_ONCE = 4
"""Notifications with attached objects, whose content is in memory until the server has taken it."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the notifier delivers by. sender: of notifications that name none. large: bounds what is in memory."""

    mailer: Mailer
    webhooks: Webhooks
    stores: Stores
    sender: str
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))


class Delivery:
    """outcomes: what has become of the targets so far, earlier attempts included."""

    def __init__(self, job: SendNotification, run: Run, means: Means) -> None:
        self._job = job
        self._run = run
        self._means = means
        self._targets = targets_of(job)
        self._posting = asyncio.Semaphore(POSTS_AT_ONCE)
        self._saving = asyncio.Lock()
        self._saved = 0
        self._sender = mailbox(job.sender or means.sender)
        # a checkpoint before the first attempt: the job has failed, and somebody wants it tried again
        self.outcomes = Outcomes(self._targets, run.checkpointed, only_sent=run.attempt == 1)
        for index in doubles(self._targets):
            self.outcomes.skip(index)

    @property
    def message_id(self) -> str:
        """The same in every attempt, so that a recipient who gets the mail twice can tell."""
        domain = self._sender.address.rpartition("@")[2]
        try:
            domain = wire_address(f"x@{domain}", utf8=False).rpartition("@")[2]
        except ValueError:
            domain = "localhost"
        return f"<{self._run.job_id}@{domain}>"

    async def attempt(self) -> None:
        """Try all that is open. Raises InputInvalid for attachments that cannot be had."""
        mail = [target for target in self.outcomes.open if isinstance(target, MailTarget)]
        posts = [target for target in self.outcomes.open if isinstance(target, WebTarget)]
        content = webhook.body(self._job, self._run.job_id)
        works = [self._post(target, content) for target in posts]
        await _all([self._mail(mail), *works] if mail else works)

    async def _mail(self, targets: list[MailTarget]) -> None:
        is_large = any(isinstance(one, ObjectAttachment) for one in self._job.attachments)
        async with self._means.large if is_large else nullcontext():
            attached = await attachments(self._job, self._means.stores)
            letter = Letter(self._job, self._sender, self.message_id, datetime.now(UTC), attached)
            await _all([self._send(letter, part) for part in _parts(targets)])

    async def _send(self, letter: Letter, targets: list[MailTarget]) -> None:
        """To one part of the recipients; each transaction is noted as soon as the server has answered."""
        unanswered = {target.index for target in targets}
        is_noting = False

        async def note(replies: dict[str, Reply]) -> None:
            nonlocal is_noting
            own = {target.index: replies[target.address] for target in targets if target.address in replies}
            unanswered.difference_update(own)
            is_noting = True
            await self._note(own)
            is_noting = False

        try:
            await self._means.mailer.send(letter, [target.address for target in targets], note)
        except Exception as error:
            if is_noting:  # nothing can be kept, which is no fault of these recipients
                raise
            await self._note(dict.fromkeys(unanswered, self._unexpected(error)))

    async def _post(self, target: WebTarget, content: bytes) -> None:
        async with self._posting:
            webhook_id = f"{self._run.job_id}-{target.index}"
            try:
                reply = await self._means.webhooks.post(target.url, webhook_id, content)
            except Exception as error:  # noqa: BLE001 - logged there; one target must not stop the others
                reply = self._unexpected(error)
        await self._note({target.index: reply})

    def _unexpected(self, error: Exception) -> Reply:
        """Told by its class alone, as its text may hold an address that is a secret."""
        self._run.logger.error("a target could not be tried", exc_info=error)
        return later(f"could not be tried: {type(error).__name__}")

    async def _note(self, replies: dict[int, Reply]) -> None:
        """Keep the replies, and return when a later attempt would find them."""
        for index, reply in replies.items():
            self.outcomes.note(index, reply)
        if len(self._targets) > 1:
            self._run.progress(self.outcomes.ended, len(self._targets))
        async with self._saving:
            if self.outcomes.ended > self._saved:  # whoever held the lock may have saved these, too
                ended = self.outcomes.ended
                await self._run.checkpoint(self.outcomes.checkpoint())
                self._saved = ended


def _parts(targets: list[MailTarget]) -> Iterator[list[MailTarget]]:
    for first in range(0, len(targets), RECIPIENTS):
        yield targets[first : first + RECIPIENTS]


async def _all(works: list[Coroutine[None, None, None]]) -> None:
    """Wait for all; the first that fails ends the others and is raised as itself."""
    if len(works) == 1:
        return await works[0]
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several
