"""Read what is to be attached: from the job itself, or from a store."""

from collections.abc import Sequence

from afterwork.contracts.notifier import InlineAttachment, ObjectAttachment, SendNotification
from afterwork.errors import InputInvalid, InvalidKey, ObjectMissing
from afterwork.stores import Stores
from notifier.message import Attached

MAX_BYTES = 25 * 1024 * 1024
"""Of all attachments; many servers take no larger message."""
UNKNOWN = "application/octet-stream"


async def attachments(job: SendNotification, stores: Stores) -> Sequence[Attached]:
    """All of them, in order. Raises InputInvalid for one that is missing, and for more than MAX_BYTES."""
    found: list[Attached] = []
    room = MAX_BYTES
    for number, wanted in enumerate(job.attachments):
        try:
            one = await _attached(wanted, stores, room)
        except (ObjectMissing, InvalidKey) as error:
            raise InputInvalid(f"attachments/{number}: {error.detail}") from error
        room -= len(one.content)
        found.append(one)
    return found


async def _attached(wanted: ObjectAttachment | InlineAttachment, stores: Stores, room: int) -> Attached:
    if isinstance(wanted, InlineAttachment):
        return Attached(wanted.name, wanted.content_type, wanted.content)
    place = stores.find(wanted.object)
    async with place.store.read(place.key) as reader:
        if reader.info.size > room:
            raise InputInvalid(
                f"{wanted.object}: attachments are larger than {MAX_BYTES // 2**20} MiB in all"
            )
        content = b"".join([chunk async for chunk in reader.chunks()])
    name = wanted.name or place.key.rpartition("/")[2]
    return Attached(name, wanted.content_type or _media_type(reader.info.content_type), content)


def _media_type(stored: str | None) -> str:
    media_type = (stored or "").partition(";")[0].strip().lower()
    is_whole = "/" in media_type and not media_type.startswith(("multipart/", "message/"))
    return media_type if is_whole and media_type.isascii() else UNKNOWN
