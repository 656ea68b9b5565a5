"""Looks at every job's keys, in small calls, with bounded memory, while the jobs go on.

Each call sees one instant, in which record, sets and keys of a job must agree. Whatever does not is looked at again
later before it counts. If every record stands in the one index that it names, and every member of an index has such
a record, the indexes count the records, and the ledger can be held against them.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from arq.connections import ArqRedis
from redis.exceptions import ResponseError

from afterwork.engine import keys, scripts
from afterwork.engine.doctor.subjects import Sort, Subject, owner_of, sort_of, stays, type_of

SCANNED = 500
"""Keys, or members of a set, that one call asks for, about."""
SUSPICIONS = 1000
"""Subjects that wait for a second look, at most."""
SECOND_LOOK = 1.0
"""Seconds between the two looks."""
EXAMPLES = 5
"""Examples of each fault that are kept."""


_RECORD = keys.JOB.encode()
_LANES = keys.LANES.encode()


class Wrong(NamedTuple):
    """A code of `lua/examine.lua`, and the key that is concerned."""

    code: str
    key: bytes


@dataclass(slots=True)
class Examined:
    """keys, members, records: how many were looked at; some twice, if Redis moves them meanwhile.

    faults: how many of each code (`lua/examine.lua`). examples: of each, "<job id> in <key>".
    """

    keys: int = 0
    members: int = 0
    records: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, code: str, example: str) -> None:
        """Count a fault."""
        self.faults[code] += 1
        kept = self.examples.setdefault(code, [])
        if len(kept) < EXAMPLES:
            kept.append(example)


class Examination:
    """One walk over all keys, for at most about half of the server's time. second_look: seconds between two.

    seen: what was found so far.
    """

    def __init__(self, redis: ArqRedis, second_look: float = SECOND_LOOK) -> None:
        self._redis: Any = redis  # its own types fit neither bytes nor SCAN
        self._suspicions: list[Subject] = []
        self._suspected_at = 0.0
        self._second_look = second_look
        self.seen = Examined()

    async def run(self) -> Examined:
        """Look at everything. Raises what redis-py raises."""
        async for names in self._names():
            self.seen.keys += len(names)
            own = [owner_of(name) for name in names if sort_of(name) is Sort.OWN]
            self.seen.records += sum(one.key.startswith(_RECORD) for one in own)
            await self._look(own)
            for name in names:
                await self._look_into(name)
            await self._look_at_types({name: kind for name in names if (kind := type_of(name))})
            await self._look_at_expiries([name for name in names if stays(name)])
        await self._look_at_types(await self._plain_queues())
        await self._look_again()
        return self.seen

    async def _names(self) -> AsyncIterator[list[bytes]]:
        cursor = None
        while cursor != 0:
            cursor, names = await self._redis.scan(cursor or 0, match="a[rw]*:*", count=SCANNED)
            yield names

    async def _look_into(self, name: bytes) -> None:
        sort = sort_of(name)
        try:
            if sort is Sort.MEMBERS:
                await self._look_at_members(name)
            elif sort is Sort.HOLDER:
                job_id = await self._redis.get(name)
                await self._look([Subject(name, job_id)] if job_id else [])
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            self.seen.note("wrong-type", _text(name))

    async def _look_at_members(self, name: bytes) -> None:
        cursor = None
        while cursor != 0:
            cursor, members = await self._redis.zscan(name, cursor or 0, count=SCANNED)
            self.seen.members += len(members)
            await self._look([Subject(name, member) for member, _ in members])

    async def _plain_queues(self) -> dict[bytes, bytes]:
        """ARQ's own queues, whose names may be any."""
        if await self._redis.type(keys.QUEUES) != b"set":
            return {}
        lanes = {_LANES + queue: queue for queue in await self._redis.smembers(keys.QUEUES)}
        known = [lane for lane in lanes if await self._redis.type(lane) == b"hash"]
        plain = [lanes[lane] for lane in known if await self._redis.hexists(lane, keys.PLAIN)]
        return dict.fromkeys(plain, b"zset")

    async def _look_at_types(self, wanted: Mapping[bytes, bytes]) -> None:
        """wanted: what each key must hold, if it is there."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in wanted:
                pipe.type(name)
            found = await pipe.execute()
        for (name, kind), real in zip(wanted.items(), found, strict=True):
            if real not in (kind, b"none"):
                self.seen.note("wrong-type", _text(name))

    async def _look_at_expiries(self, names: Sequence[bytes]) -> None:
        """names: of keys that must not have any."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.pttl(name)
            found = await pipe.execute()
        for name, left in zip(names, found, strict=True):
            if left >= 0:
                self.seen.note("expiring", _text(name))

    async def _look(self, subjects: Sequence[Subject]) -> None:
        """The first look, after which the server has as long for others."""
        for first in range(0, len(subjects), keys.BATCH_JOBS):
            batch = subjects[first : first + keys.BATCH_JOBS]
            began = time.monotonic()
            wrong = await self._ask(batch)
            await asyncio.sleep(time.monotonic() - began)
            self._suspicions += [subject for subject, codes in zip(batch, wrong, strict=True) if codes]
            self._suspected_at = time.monotonic()
            if len(self._suspicions) >= SUSPICIONS:
                await self._look_again()

    async def _look_again(self) -> None:
        """What was seen in both looks counts."""
        suspicions, self._suspicions = list(dict.fromkeys(self._suspicions)), []
        if suspicions:
            await asyncio.sleep(self._suspected_at + self._second_look - time.monotonic())
        for first in range(0, len(suspicions), keys.BATCH_JOBS):
            batch = suspicions[first : first + keys.BATCH_JOBS]
            for subject, codes in zip(batch, await self._ask(batch), strict=True):
                for code, key in codes:
                    self.seen.note(code, f"{_text(subject.job_id)} in {_text(key)}")

    async def _ask(self, subjects: Sequence[Subject]) -> list[list[Wrong]]:
        """Of each subject, what is wrong with it now."""
        arguments = [part for subject in subjects for part in (subject.key, subject.job_id)]
        rows = await scripts.call(self._redis, scripts.script("examine"), *arguments)
        return [[Wrong(row[i].decode(), row[i + 1]) for i in range(0, len(row), 2)] for row in rows]


def _text(name: bytes) -> str:
    return name[:200].decode(errors="backslashreplace")
