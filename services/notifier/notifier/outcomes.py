"""What has become of each target so far, small enough to be a checkpoint however many there are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import TypeAdapter

from afterwork.contracts.notifier import TargetOutcome, TargetStatus
from notifier.replies import Reply, Verdict
from notifier.targets import MailTarget, Target

ROOM = 56 * 1024
"""Bytes of a checkpoint that are used; 64 KiB is what one may have."""
DETAILS = (200, 50, 0)
"""Characters of a detail that are kept: fewer, where the checkpoint would be too large."""


class Ended(NamedTuple):
    """How it ended. at: when it was sent, in whole seconds since 1970."""

    status: TargetStatus
    code: int | None
    detail: str | None
    at: int | None


class _Group(NamedTuple):
    ended: Ended
    targets: list[int]


_checkpoint = TypeAdapter(list[_Group])


class Outcomes:
    """Ends by index of the target, and the last reply of those that are to be tried again.

    only_sent: of the checkpoint, so that who was refused is tried once more.
    """

    def __init__(
        self, targets: Sequence[Target], checkpointed: object = None, *, only_sent: bool = False
    ) -> None:
        self._targets = targets
        self._ended: dict[int, Ended] = {}
        self._later: dict[int, Reply] = {}
        for group in _checkpoint.validate_python(checkpointed or []):
            if group.ended.status is TargetStatus.SENT or not only_sent:
                self._ended.update(dict.fromkeys(group.targets, group.ended))

    @property
    def open(self) -> list[Target]:
        """Targets that have not ended."""
        return [target for target in self._targets if target.index not in self._ended]

    @property
    def ended(self) -> int:
        """How many have ended."""
        return len(self._ended)

    @property
    def first_open(self) -> tuple[Target, Reply]:
        """The first target that is to be tried again, and why."""
        target = self.open[0]
        return target, self._later[target.index]

    @property
    def nothing_was_sent(self) -> bool:
        """Whether all have ended and none was sent."""
        return not self.open and all(end.status is not TargetStatus.SENT for end in self._ended.values())

    def skip(self, index: int) -> None:
        """A target that is named before."""
        self._ended[index] = Ended(TargetStatus.SKIPPED, None, "named more than once", None)

    def note(self, index: int, reply: Reply) -> None:
        """What a server said; a later word on the same target counts."""
        match reply.verdict:
            case Verdict.SENT:
                at = int(datetime.now(UTC).timestamp())
                self._ended[index] = Ended(TargetStatus.SENT, reply.code, None, at)
            case Verdict.FAILED:
                self._ended[index] = Ended(TargetStatus.FAILED, reply.code, reply.detail, None)
            case Verdict.LATER:
                self._later[index] = reply

    def give_up(self) -> None:
        """There is no later: what is open has failed."""
        for target in self.open:
            reply = self._later.get(target.index)
            code, detail = (reply.code, reply.detail) if reply else (None, "was not tried")
            self._ended[target.index] = Ended(TargetStatus.FAILED, code, detail, None)

    def checkpoint(self) -> object:
        """What the next attempt is to find."""
        for length in DETAILS:
            packed = _checkpoint.dump_python(self._groups(length), mode="json")
            if length == DETAILS[-1] or len(_checkpoint.dump_json(packed, warnings=False)) <= ROOM:
                break
        return packed

    def told(self, message_id: str) -> list[TargetOutcome]:
        """All ends, for the receipt; `message_id` is that of the e-mail."""
        return [self._told(target, message_id) for target in self._targets]

    def _told(self, target: Target, message_id: str) -> TargetOutcome:
        end = self._ended[target.index]
        is_mailed = isinstance(target, MailTarget) and end.status is TargetStatus.SENT
        return TargetOutcome(
            target=target.shown,
            status=end.status,
            code=end.code,
            detail=end.detail,
            sent_at=None if end.at is None else datetime.fromtimestamp(end.at, UTC),
            message_id=message_id if is_mailed else None,
        )

    def _groups(self, length: int) -> list[_Group]:
        groups: dict[Ended, list[int]] = {}
        for index, end in sorted(self._ended.items()):
            short = end._replace(detail=end.detail[:length] or None if end.detail else None)
            groups.setdefault(short, []).append(index)
        return [_Group(end, indexes) for end, indexes in groups.items()]
