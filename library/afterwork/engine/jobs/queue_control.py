"""`QueueControl`: what an operator does with whole queues: pause, resume, limit."""

from afterwork import errors
from afterwork.contracts import KindLimits, QueueOverview
from afterwork.engine.jobs.reading import deadline
from afterwork.engine.jobs.workers import Workers, order_text


class QueueControl(Workers):
    """Each call is done once it returns, may be repeated, and raises NotFound for a queue or kind that nobody knows.

    A queue is known as soon as a worker for it has started or a job for it was submitted, and so are its kinds.
    """

    async def pause(self, queue: str, kind: str | None = None) -> QueueOverview:
        """Start no more jobs of the queue, or of one kind in it; those that run go on."""
        return await self._control("pause", queue, kind or "", "1")

    async def resume(self, queue: str, kind: str | None = None) -> QueueOverview:
        """Undo a pause of the queue, or of one kind in it; the other one stays. Idle workers are woken."""
        return await self._control("pause", queue, kind or "", "0")

    async def limit(self, queue: str, kind: str, limits: KindLimits) -> QueueOverview:
        """Let these limits hold for the kind in this queue, in place of what its contract says."""
        return await self._control("limit", queue, kind, order_text(limits))

    async def unlimit(self, queue: str, kind: str) -> QueueOverview:
        """Go back to the limits that the kind's contract declares."""
        return await self._control("limit", queue, kind, "")

    async def _control(self, script: str, queue: str, kind: str, order: str) -> QueueOverview:
        async with deadline():
            answer = await self._call(script, queue, kind, order)
            if answer == b"missing-kind":
                raise errors.NotFound(f"queue {queue[:100]} has no kind {kind[:100]}")
            found = [one for one in await self.queues() if one.name == queue]
        if not found:
            raise errors.NotFound(f"there is no queue {queue[:100]}")
        return found[0]
