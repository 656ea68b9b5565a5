"""What a thread can do for a worker's jobs while the worker's event loop is blocked."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from afterwork.engine import scripts
from afterwork.engine.scripts import SyncServer
from afterwork.engine.work.claims import Finish
from afterwork.engine.work.keeper import batches
from afterwork.engine.work.pump import Pump, take_batch
from afterwork.engine.work.steps import Ask, Reply, Steps


class Rescue:
    """Speaks to Redis in place of the loop. Both methods raise RedisError or OSError if Redis cannot be used.

    held: job id → token of the claims that the keeper renews; claims that are found are added.
    """

    def __init__(self, redis: SyncServer, steps: Steps, pump: Pump, held: dict[str, str]) -> None:
        self._redis = redis
        self._steps = steps
        self._pump = pump
        self._held = held

    def keep_unread_claims(self) -> None:
        """Send the steps that the loop is waiting for again, so that their claims are known and the leases kept."""
        for sequence, ask in self._steps.unanswered.items():
            if ask.slots:
                for claim in self._step(replace(ask, finishes=(), reports=()), sequence).claims:
                    self._held[claim.id] = claim.token

    def hand_over(self, last: Sequence[Finish] = ()) -> int:
        """Write what has ended, and `last` besides, and hand all other jobs back; returns how many went back.

        The process is to end then: what goes on in the loop changes nothing any more.
        """
        self._pump.hold(held=True)
        try:
            self.keep_unread_claims()
            finishes = deque([*self._unwritten(), *last])
            while finishes:
                self._step(Ask(take_batch(finishes), reports=(), slots=0, suspect_running=False), 0)
            return self._release()
        except BaseException:
            self._pump.hold(held=False)
            raise

    def _unwritten(self) -> list[Finish]:
        asked = self._steps.unanswered.values()
        return [*(finish for ask in asked for finish in ask.finishes), *self._pump.unwritten]

    def _step(self, ask: Ask, sequence: int) -> Reply:
        arguments = self._steps.arguments(ask, sequence)
        script = scripts.script(self._steps.script)
        return self._steps.reply(scripts.call_sync(self._redis, script, *arguments))

    def _release(self) -> int:
        script = scripts.script("release")
        return sum(int(scripts.call_sync(self._redis, script, *part)) for part in batches(self._held.copy()))
