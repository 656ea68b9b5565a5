"""The worker's one call to Redis: finish and claim in one step, repeated safely when its reply is lost."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError, RedisError

from afterwork.contracts import Contract
from afterwork.engine import keys, scripts
from afterwork.engine.patience import pause
from afterwork.engine.server import connection
from afterwork.engine.server.kept import KeptConnections
from afterwork.engine.work.claims import Claim, Finish
from afterwork.engine.work.reports import Report

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ask:
    """What one step is to do. reports: of attempts that go on. slots: how many jobs may be claimed."""

    finishes: Sequence[Finish]
    reports: Sequence[Report]
    slots: int
    suspect_running: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """verdicts: ok · already · lost, one per finish. next_due: seconds until more can be claimed, None if unknown."""

    verdicts: list[str]
    claims: list[Claim]
    next_due: float | None

    @classmethod
    def of(cls, reply: Sequence[Any]) -> "Reply":
        """From what the script returns."""
        verdicts, claims, next_due = reply
        return cls(
            [verdict.decode() for verdict in verdicts],
            [Claim.of(row) for row in claims],
            None if next_due < 0 else next_due / 1000,
        )


class Steps:
    """Calls `step.lua` for one worker. lease: seconds. kinds: what the worker has handlers for.

    script: the name of the script. A subclass may have another one, which takes the same first arguments.
    """

    script = "step"

    def __init__(
        self, redis: ArqRedis, *, worker: str, queue: str, lease: float, kinds: Mapping[str, type[Contract]]
    ) -> None:
        self._kept = KeptConnections(redis)
        self._head: list[scripts.Argument] = [worker, queue, round(lease * 1000)]
        self._kinds: list[scripts.Argument] = [len(kinds)]
        for kind, contract in kinds.items():
            self._kinds += [kind, contract.meta.max_attempts, round(contract.meta.timeout * 1000)]
        self._lease = lease
        self._sequence = 0
        self._under_way: dict[int, Ask] = {}

    @property
    def unanswered(self) -> Mapping[int, Ask]:
        """From any thread: the steps under way, by their sequence numbers, under which they may be sent again."""
        return self._under_way.copy()

    def begin(self, ask: Ask) -> int:
        """Take it upon oneself, from now on for others to see; returns its sequence number, by which `answer` does it.

        Two may be under way at a time: one with an even number and one with an odd one.
        """
        self._sequence += 1
        if any((self._sequence - other) % 2 == 0 for other in self._under_way):
            self._sequence += 1
        self._under_way[self._sequence] = ask
        return self._sequence

    async def answer(self, sequence: int, *, is_over: Callable[[], bool] = lambda: False) -> Reply:
        """Do what was begun, however long Redis is away: the same step is repeated until it is answered.

        is_over: asked after each failure; if nothing is to be written and it says so, the answer is an empty one.
        """
        ask = self._under_way[sequence]
        try:
            return await self._until_answered(
                self.arguments(ask, sequence), _never if ask.finishes else is_over
            )
        finally:
            del self._under_way[sequence]

    async def close(self) -> None:
        """Close the connection, at once."""
        await self._kept.close()

    def reply(self, answer: Sequence[Any]) -> Reply:
        """What the script has answered."""
        return Reply.of(answer)

    def arguments(self, ask: Ask, sequence: int) -> list[scripts.Argument]:
        """What `step.lua` takes."""
        arguments = [
            *self._head,
            sequence,
            sequence * keys.BATCH_JOBS,
            ask.slots,
            int(ask.suspect_running),
            *self._kinds,
            len(ask.reports),
        ]
        now = time.monotonic()
        for report in ask.reports:
            arguments += [report.job_id, report.token, *report.wire(now)]
        arguments.append(len(ask.finishes))
        for finish in ask.finishes:
            arguments += finish.wire(now)
        return arguments

    async def _until_answered(
        self, arguments: Sequence[scripts.Argument], is_over: Callable[[], bool]
    ) -> Reply:
        failures, is_fresh = 0, False
        while True:
            try:
                reply = await self._call(arguments)
            except (TimeoutError, RedisError, OSError) as error:
                if isinstance(error, LostConnection) and not is_fresh:
                    is_fresh = True  # the connection was kept, and may have been stale
                    continue
                failures += 1
                self._report(error, failures)
                if is_over():
                    return Reply([], [], None)
                await asyncio.sleep(pause(failures, self._lease / 3))
            else:
                if failures:
                    logger.info("Redis answers again", failures=failures)
                return self.reply(reply)

    async def _call(self, arguments: Sequence[scripts.Argument]) -> Any:  # noqa: ANN401 - the script's own reply
        script = scripts.script(self.script)
        async with self._kept.borrowed() as own:
            await own.send_command("EVALSHA", script.digest, 0, *arguments)
            try:
                return await own.read_response()
            except NoScriptError:
                await own.send_command("EVAL", script.body, 0, *arguments)
                return await own.read_response()

    def _report(self, error: BaseException, failures: int) -> None:
        if failures == 1:
            logger.warning("worker waits for Redis", detail=connection.reason(error))


def _never() -> bool:
    """Whether what has ended may stay unwritten."""
    return False
