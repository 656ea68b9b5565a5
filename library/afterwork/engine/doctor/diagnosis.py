"""Asks a server all that the checks need, and puts them together."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from afterwork.engine import keys, scripts
from afterwork.engine.doctor import checks
from afterwork.engine.doctor.checks import Check, State
from afterwork.engine.doctor.examination import SECOND_LOOK, Examination, Examined
from afterwork.engine.jobs import records
from afterwork.engine.server import connection
from afterwork.engine.server.check import ServerReport
from afterwork.engine.server.watch import ServerWatch

PATIENCE = 10.0
"""Seconds for one call: a busy server is no sick one."""
UNUSABLE = frozenset({"too-old", "cluster"})
OUTAGES = (TimeoutError, RedisError, OSError)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """checks: each promise. examined: how much was looked at for them; None if no key was."""

    checks: tuple[Check, ...]
    examined: Examined | None

    @property
    def is_broken(self) -> bool:
        """Whether any promise is."""
        return any(check.state is State.BROKEN for check in self.checks)

    @property
    def is_partial(self) -> bool:
        """Whether something could not be looked at."""
        return any(check.state is State.UNKNOWN for check in self.checks)


async def diagnose(
    url: str,
    *,
    replicas: int = 0,
    with_keys: bool = True,
    second_look: float = SECOND_LOOK,
    now: Callable[[], float] = time.time,
) -> Diagnosis:
    """Look at a server and at what it keeps. Raises ValueError for a wrong URL.

    replicas: how many of them jobs are to reach. with_keys: whether every key is looked at, too.
    second_look: seconds after which what looks wrong is looked at again. now: this machine's clock.
    """
    redis = connection.connect(url, timeout=PATIENCE)
    try:
        examination = Examination(redis, second_look) if with_keys else None
        return await _Doctor(redis, replicas, now).examine(examination)
    finally:
        await connection.close(redis)


class _Doctor:
    def __init__(self, redis: ArqRedis, replicas: int, now: Callable[[], float]) -> None:
        self._redis: Any = redis  # its own types are those of two clients at once
        self._watch = ServerWatch(redis, replicas)
        self._now = now

    async def examine(self, examined: Examination | None) -> Diagnosis:
        report = await self._watch.look()
        found = list(checks.on_server(report))
        found += [check async for check in self._beyond(report, examined)]
        return Diagnosis(tuple(found), examined.seen if examined else None)

    async def _beyond(self, report: ServerReport, examined: Examination | None) -> AsyncIterator[Check]:
        """What needs more than the server's word. What fails says nothing of the rest."""
        parts: list[tuple[Sequence[str], Callable[[], Awaitable[Iterable[Check]]]]] = [
            ((checks.SCRIPTS,), self._scripts),
            ((checks.CLOCKS,), self._clocks),
            ((checks.BOOKS,), self._books),
        ]
        if examined:
            parts.append((checks.OF_KEYS, lambda: self._keys(examined)))
        is_usable = report.is_asked and not any(each.code in UNUSABLE for each in report.findings)
        for promises, ask in parts:
            try:
                found = await ask() if is_usable else checks.unknown(promises, "Redis cannot be used")
            except OUTAGES as error:
                found = checks.unknown(promises, connection.reason(error))
            for check in found:
                yield check

    async def _keys(self, examined: Examination) -> Iterable[Check]:
        return checks.on_keys(await examined.run())

    async def _scripts(self) -> Iterable[Check]:
        names = sorted(_names())
        refusals = {}
        for name in names:
            script = scripts.script(name)
            try:
                digest = await self._redis.script_load(script.body)
            except RedisError as error:
                if isinstance(error, ConnectionError | TimeoutError):
                    raise
                refusals[name] = connection.reason(error)
            else:
                if digest != script.digest:
                    refusals[name] = "Redis knows it by another digest"
        return [checks.on_scripts(refusals, len(names))]

    async def _clocks(self) -> Iterable[Check]:
        last = await self._redis.hget(keys.PULSE, "last") or b""
        before = self._now()
        seconds, microseconds = await self._redis.time()
        margin = self._now() - before
        redis_now = seconds + microseconds / 1e6
        pulse_ahead = int(last) / 1000 - redis_now if last.isdigit() else 0.0
        return [checks.on_clocks(redis_now - before - margin / 2, margin, pulse_ahead)]

    async def _books(self) -> Iterable[Check]:
        counts = await scripts.call(self._redis, scripts.script("ledger"))
        return [checks.on_books(records.ledger_from(counts))]


def _names() -> Iterator[str]:
    """Of all scripts."""
    for file in files("afterwork.engine").joinpath("lua").iterdir():
        if file.name.endswith(".lua"):
            yield file.name.removesuffix(".lua")
