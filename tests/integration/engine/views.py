"""What can be read of jobs by the scripts, in the form in which tests compare it."""

from abc import ABC, abstractmethod
from typing import Any

from afterwork.contracts import JobEvent, StateChange
from afterwork.engine.jobs import records
from afterwork.engine.jobs.events import events_since
from afterwork.engine.scripts import Argument


class Views(ABC):
    """Of one server. redis: for looking behind the scripts' back."""

    redis: Any  # typed by redis-py as perhaps awaitable

    @abstractmethod
    def call(self, name: str, *arguments: Argument) -> Any:  # noqa: ANN401 - each script's own reply
        """Run a script as the engine does."""

    def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """What happened to the job later than this version."""
        return events_since(job_id, self.call("get", job_id, 1), after).events

    def states(self, job_id: str, after: int = 0) -> list[tuple[int, str]]:
        """Version and state of each change of state among them."""
        events = self.events(job_id, after)
        return [
            (event.version, event.what.state.value) for event in events if isinstance(event.what, StateChange)
        ]

    def log(self, job_id: str) -> list[str]:
        """The texts of the job's log."""
        return [line.text for line in records.log_from(self.call("get", job_id, 1))]

    def ledger(self) -> dict[str, int]:
        """The counts by name."""
        return records.ledger_from(self.call("ledger")).model_dump()

    def list_page(
        self,
        state: str = "",
        kind: str = "",
        queue: str = "",
        *,
        tag: str = "",
        created_after: int | str = "",
        size: int = 50,
        after: tuple[str, str] = ("", ""),
    ) -> tuple[list[str], tuple[str, str]]:
        """The ids of one page, and where the next one begins."""
        filters = (state, kind, queue, tag, created_after)
        _, rows, created, last_id = self.call("list", *filters, size, *after)
        return [row[0].decode() for row in rows], (created.decode(), last_id.decode())

    def list_ids(
        self,
        state: str = "",
        kind: str = "",
        queue: str = "",
        *,
        tag: str = "",
        created_after: int | str = "",
        size: int = 50,
    ) -> list[str]:
        """The ids of all pages, in order."""
        filters = (state, kind, queue)
        ids, after = self.list_page(*filters, tag=tag, created_after=created_after, size=size)
        while after[1]:
            more, after = self.list_page(
                *filters, tag=tag, created_after=created_after, size=size, after=after
            )
            ids += more
        return ids

    def record(self, job_id: str) -> dict[str, str]:
        """The record as it stands in Redis."""
        record: dict[str, str] = self.redis.hgetall(f"aw:job:{job_id}")
        return record
