"""One call of `submit.lua`, and what its confirmation is worth: asked for on the same connection, after the write."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arq.connections import ArqRedis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError, OutOfMemoryError

from afterwork.contracts import Durability
from afterwork.engine import scripts
from afterwork.engine.jobs.submission import Verdict
from afterwork.engine.jobs.wire import Wire, submit_arguments, verdicts_of
from afterwork.engine.scripts import Argument
from afterwork.engine.server.answers import info_from
from afterwork.engine.server.durability import SETTINGS, durability_of, lesser, settings_from
from afterwork.engine.server.kept import KeptConnections, exchange

AGE = 1.0
"""Seconds after which the server is asked again before it is believed to promise more than before."""
REPLICA_PATIENCE = 1.0
"""Seconds that jobs wait for replicas, counted from when they were handed in."""

_ASK = ("CONFIG", "GET", *SETTINGS)


class Store:
    """Stores batches of jobs. replicas: how many of them are to have written a job to their files as well.

    No job is said to be safer than it is: the settings are read after the write, too, and the lesser promise holds.
    """

    def __init__(self, redis: ArqRedis, replicas: int = 0) -> None:
        self._connections = KeptConnections(redis)
        self._replicas = replicas
        self._believed = Durability.UNKNOWN
        self._is_settled = False
        self._asked_at = float("-inf")

    def doubt(self) -> None:
        """Forget what the server promised: the next one may be another."""
        self._asked_at = float("-inf")
        self._is_settled = False

    async def store(self, items: Sequence[Wire], handed_in: float) -> list[Verdict]:
        """One verdict per item. handed_in: `time.monotonic()` of the oldest."""
        try:
            try:
                return await self._attempt(items, handed_in)
            except LostConnection:  # a kept connection may be stale; the ids make a repeat safe
                return await self._attempt(items, handed_in)
        except OutOfMemoryError:
            return [Verdict.full(Durability.UNKNOWN) for _ in items]

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def _attempt(self, items: Sequence[Wire], handed_in: float) -> list[Verdict]:
        ids = [item.own[0] for item in items]
        async with self._connections.borrowed() as own:
            believed = await self._promise(own)
            reply, settings = await _submit(own, believed, list(submit_arguments(items)))
            verdicts = verdicts_of(reply, ids, believed)
            held = self._held(believed, settings)
            if held is not believed:
                ours = [id_ for id_, verdict in zip(ids, verdicts, strict=True) if verdict.id == id_]
                verdicts = await _corrected(own, verdicts, ours, held)
            if self._replicas and _may_grow(held, settings):
                stored = [verdict.id for verdict in verdicts if verdict.name == "stored"]
                verdicts = await _corrected(own, verdicts, stored, await self._reached(own, held, handed_in))
        return verdicts

    async def _promise(self, own: AbstractConnection) -> Durability:
        """What the settings promised a moment ago."""
        if time.monotonic() - self._asked_at > AGE:
            settings, persistence = await exchange(own, [_ASK, ("INFO", "persistence")])
            info = info_from([persistence])
            self._believed = _promised(settings)
            if info.get("aof_enabled") == 0:
                self._believed = Durability.MEMORY
            self._is_settled = self._believed is not Durability.MEMORY and (
                self._is_settled or not _is_beginning(info)
            )
            if not self._is_settled:
                self._believed = lesser(self._believed, Durability.UNKNOWN)
            self._asked_at = time.monotonic()
        return self._believed

    def _held(self, believed: Durability, settings: object) -> Durability:
        now = _promised(settings)
        if lesser(now, believed) is not believed:
            self.doubt()
        return lesser(now, believed)

    async def _reached(self, own: AbstractConnection, held: Durability, handed_in: float) -> Durability:
        left = round((REPLICA_PATIENCE - (time.monotonic() - handed_in)) * 1000)
        (reply,) = await exchange(own, [("WAITAOF", 1, self._replicas, max(1, left))])  # 0 would be for ever
        match reply:
            case [int(here), int(there)] if here and there >= self._replicas:
                return Durability.REPLICA
            case [int(here), int()] if here:
                return Durability.FSYNC
        return held


async def _submit(
    own: AbstractConnection, durability: Durability, arguments: Sequence[Argument]
) -> tuple[Sequence[Any], object]:
    script = scripts.script("submit")
    reply, settings = await exchange(own, [("EVALSHA", script.digest, 0, durability, *arguments), _ASK])
    if isinstance(reply, NoScriptError):
        reply, settings = await exchange(own, [("EVAL", script.body, 0, durability, *arguments), _ASK])
    if isinstance(reply, Exception):
        raise reply
    return reply, settings  # type: ignore[return-value] # what submit.lua returns


async def _corrected(
    own: AbstractConnection, verdicts: list[Verdict], ids: Sequence[str], durability: Durability
) -> list[Verdict]:
    """The verdicts, those on these jobs with this durability, after their records say the same."""
    wrong = [verdict.id for verdict in verdicts if verdict.id in ids and verdict.durability is not durability]
    if not wrong:
        return verdicts
    await _call(own, "durability", durability, *wrong)
    return [replace(each, durability=durability) if each.id in wrong else each for each in verdicts]


async def _call(own: AbstractConnection, name: str, *arguments: Argument) -> None:
    script = scripts.script(name)
    (reply,) = await exchange(own, [("EVALSHA", script.digest, 0, *arguments)])
    if isinstance(reply, NoScriptError):
        (reply,) = await exchange(own, [("EVAL", script.body, 0, *arguments)])
    if isinstance(reply, Exception):
        raise reply


def _promised(settings: object) -> Durability:
    return durability_of(settings_from(settings) if isinstance(settings, list) else {})


def _is_beginning(persistence: Mapping[str, str | int]) -> bool:
    """Whether the append-only file may be one that is not valid yet: from `appendonly yes` to its first rewrite."""
    return (
        persistence.get("aof_rewrite_in_progress", 0) != 0
        or persistence.get("aof_rewrite_scheduled", 0) != 0
        or persistence.get("aof_last_bgrewrite_status", "ok") != "ok"
    )


def _may_grow(held: Durability, settings: object) -> bool:
    """Whether it is worth asking what has reached the files: not if the settings say that it may vanish again."""
    return held in {Durability.EVERYSEC, Durability.FSYNC} or not isinstance(settings, list)
