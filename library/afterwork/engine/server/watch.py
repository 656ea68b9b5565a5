"""Knows how the server is: asks it at most once a second, and logs once what has become better or worse."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog
from arq.connections import ArqRedis
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as SlowAnswer

from afterwork.engine.scripts import Argument
from afterwork.engine.server.answers import Reply, answers_from, questions
from afterwork.engine.server.check import ServerReport, judge, unreachable
from afterwork.engine.server.connection import CALL_TIMEOUT
from afterwork.engine.server.findings import Severity
from afterwork.engine.server.own_connection import own_connection
from afterwork.engine.server.tls import tls_finding
from afterwork.engine.tasks import time_limit

logger = structlog.get_logger()

Command = tuple[Argument, ...]
AGE = 1.0
"""Seconds for which what the server said of itself is believed."""
UNREACHABLE = (TimeoutError, RedisError, OSError)


class _Memory:
    """The last report, and what of it was logged. replicas: how many of them jobs are to reach."""

    def __init__(self, replicas: int) -> None:
        self._replicas = replicas
        self._last: ServerReport | None = None
        self._asked_at = float("-inf")
        self._told: frozenset[str] = frozenset()

    @property
    def recent(self) -> ServerReport | None:
        return self._last if time.monotonic() - self._asked_at < AGE else None

    def judged(self, replies: Sequence[Reply]) -> ServerReport:
        return judge(answers_from(replies), replicas=self._replicas)

    def keep(self, report: ServerReport) -> ServerReport:
        """For the next second, unless the server could not be asked; that is found out anew each time."""
        self._last = report if report.version else None
        self._asked_at = time.monotonic()
        for finding in report.findings:
            if finding.code not in self._told:
                log = logger.error if finding.severity is Severity.FAULT else logger.warning
                log("Redis is not as it should be", code=finding.code, detail=finding.text)
        codes = frozenset(finding.code for finding in report.findings)
        for code in sorted(self._told - codes):
            logger.info("Redis is as it should be again", code=code)
        self._told = codes
        return report


def in_turn(asked: Sequence[Command]) -> tuple[Sequence[Command], Sequence[Command]]:
    """The first alone: to who must give a password first, a server hangs up on a script, without a word why."""
    return asked[:1], asked[1:]


def explained(report: ServerReport, options: dict[str, Any]) -> ServerReport:
    """The report, or if the server is away for want of TLS, or because of it, one that says so. Blocks for a second."""
    found = tls_finding(options) if report.is_unexplained else None
    return report if found is None else replace(report, findings=(found,))


class ServerWatch:
    """For an event loop. Each question goes over a new connection: one that is open outlives a change of passwords."""

    def __init__(self, redis: ArqRedis, replicas: int = 0) -> None:
        self._redis = redis
        self._memory = _Memory(replicas)

    async def begin(self) -> ServerReport:
        """The first report. Raises UnfitServer if no waiting will mend what it says; that is not logged."""
        report = await self._ask()
        report.refuse_what_lasts()
        return self._memory.keep(report)

    async def look(self) -> ServerReport:
        """How the server is now. Nothing is logged."""
        return await self._ask()

    async def report(self) -> ServerReport:
        """How the server is, within 2 s and at most a second old; that it is away is seen at once."""
        recent = self._memory.recent
        if recent is not None:
            try:
                async with time_limit(CALL_TIMEOUT):
                    await self._redis.ping()
            except (TimeoutError, SlowAnswer) as error:
                return self._memory.keep(unreachable(error))
            except (RedisError, OSError):  # it may have been restarted
                recent = None
        return recent or self._memory.keep(await self._ask())

    async def _ask(self) -> ServerReport:
        try:
            async with (
                time_limit(CALL_TIMEOUT),
                own_connection(self._redis, read_timeout=CALL_TIMEOUT) as own,
            ):
                replies: list[Reply] = []
                for asked in in_turn(questions()):
                    await own.send_packed_command(own.pack_commands(asked))
                    for _ in asked:
                        try:
                            replies.append(await own.read_response())
                        except ResponseError as refusal:
                            replies.append(refusal)
                return self._memory.judged(replies)
        except UNREACHABLE as error:
            seen = unreachable(error)
            options = self._redis.connection_pool.connection_kwargs
            return await asyncio.to_thread(explained, seen, options) if seen.is_unexplained else seen


class ThreadServerWatch:
    """The same for threads without an event loop; several may ask at once."""

    def __init__(self, redis: Redis, replicas: int = 0) -> None:
        self._redis = redis
        self._memory = _Memory(replicas)

    def begin(self) -> ServerReport:
        """The first report. Raises UnfitServer if no waiting will mend what it says; that is not logged."""
        report = self._ask()
        report.refuse_what_lasts()
        return self._memory.keep(report)

    def report(self) -> ServerReport:
        """How the server is, at most a second old; that it is away is seen at once."""
        recent = self._memory.recent
        if recent is not None:
            try:
                self._redis.ping()
            except (TimeoutError, SlowAnswer) as error:
                return self._memory.keep(unreachable(error))
            except (RedisError, OSError):  # it may have been restarted
                recent = None
        return recent or self._memory.keep(self._ask())

    def _ask(self) -> ServerReport:
        own: Any = self._redis.connection_pool.make_connection()  # redis-py's own has no types
        try:
            own.connect()
            replies: list[Reply] = []
            for asked in in_turn(questions()):
                own.send_packed_command(own.pack_commands(asked))
                for _ in asked:
                    try:
                        replies.append(own.read_response())
                    except ResponseError as refusal:
                        replies.append(refusal)
            return self._memory.judged(replies)
        except UNREACHABLE as error:
            return explained(unreachable(error), self._redis.connection_pool.connection_kwargs)
        finally:
            own.disconnect()
