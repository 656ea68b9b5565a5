"""The feed of all jobs as it stands in Redis: entries, places in it, and which events a reader wants of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

from afterwork.contracts import FeedEvent, JobState
from afterwork.engine.jobs.submission import moment
from afterwork.errors import BadParameter

_PLACE = re.compile(r"(\d{1,16})-(\d{1,16})\.(\d{1,6})", re.ASCII)
_STATES = frozenset(JobState)


class Place(NamedTuple):
    """A place in the feed, written `<ms>-<number>.<seen>`.

    An entry of the stream by its id, and how many of its events were seen. `0-0.0` is the beginning of what is kept.
    """

    milliseconds: int
    number: int
    seen: int

    @classmethod
    def of(cls, text: str) -> Self:
        """From an event's id. Raises BadParameter."""
        match = _PLACE.fullmatch(text)
        if not match:
            message = f"{text[:50]!r} is not the id of an event of the feed"
            raise BadParameter(message)
        return cls(*map(int, match.groups()))

    @classmethod
    def at(cls, entry_id: bytes, seen: int = 0) -> Self:
        """In an entry, from its id in the stream."""
        milliseconds, _, number = entry_id.partition(b"-")
        return cls(int(milliseconds), int(number), seen)

    @property
    def entry_id(self) -> str:
        """The entry's id in the stream."""
        return f"{self.milliseconds}-{self.number}"

    @property
    def entry(self) -> tuple[int, int]:
        """The same, to be compared."""
        return self.milliseconds, self.number

    def __str__(self) -> str:
        return f"{self.entry_id}.{self.seen}"


BEGINNING = Place(0, 0, 0)
ALL = 999_999
"""More events than any entry has."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a reader wants; None: of all."""

    queue: str | None = None
    kind: str | None = None
    state: JobState | None = None

    def includes(self, change: "Change") -> bool:
        """Whether this is one of them."""
        return (
            self.queue in {None, change.queue}
            and self.kind in {None, change.kind}
            and self.state in {None, change.state}
        )


class Change(NamedTuple):
    """One line of an entry, as `lua/parts/records.lua` writes it."""

    job_id: str
    version: int
    state: str
    at: int
    queue: str
    kind: str


@dataclass(frozen=True)
class Entry:
    """What one call of a script changed. start: its place, with nothing of it seen."""

    start: Place
    text: bytes

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """From {id, changes}."""
        return cls(Place.at(row[0]), row[1])

    @cached_property
    def changes(self) -> list[Change | None]:
        """None stands for one that cannot be read: stock clients may give their jobs any id."""
        return [_change(line) for line in self.text.decode(errors="replace").split("\n")]

    @property
    def end(self) -> Place:
        """With all of it seen."""
        return self.start._replace(seen=len(self.changes))

    def events(self, wanted: Wanted, seen: int) -> Iterator[FeedEvent]:
        """Those that are wanted, except for so many at the beginning."""
        for place, change in enumerate(self.changes[seen:], start=seen + 1):
            if change is not None and wanted.includes(change):
                yield FeedEvent(
                    id=str(self.start._replace(seen=place)),
                    job_id=change.job_id,
                    kind=change.kind,
                    queue=change.queue,
                    state=JobState(change.state),
                    version=change.version,
                    at=moment(change.at),
                )


def _change(line: str) -> Change | None:
    match line.rsplit(" ", 5):
        case [job_id, version, state, at, queue, kind] if version.isdecimal() and at.isdecimal():
            return Change(job_id, int(version), state, int(at), queue, kind) if state in _STATES else None
    return None


def _end(entry_id: bytes) -> Place:
    return Place.at(entry_id) if entry_id else BEGINNING


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the feed. oldest, newest: the entries at both ends of what is kept, nothing of them seen."""

    oldest: Place
    newest: Place
    entries: Sequence[Entry]

    @classmethod
    def of(cls, reply: Sequence[Any]) -> Self:
        """From the reply of `feed.lua`."""
        oldest, newest, rows = reply
        return cls(_end(oldest), _end(newest), [Entry.of(row) for row in rows])

    def covers(self, place: Place) -> bool:
        """Whether nothing is missing between this place and the window."""
        return place.entry == BEGINNING.entry or self.oldest.entry <= place.entry <= self.newest.entry
