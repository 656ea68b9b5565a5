"""Reads an event stream as browsers do (WHATWG HTML, section 9.2.6)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Message:
    """An event. id: the last that was seen, with this event or before it. has_id: whether it came with this one."""

    name: str
    data: Any
    id: str
    has_id: bool

    @property
    def state(self) -> str | None:
        """The state, if it tells of one."""
        return self.data["state"] if self.name == "state" else None


class EventSource:
    """One stream. comments and retry: as they came so far."""

    def __init__(self, answer: httpx.Response, last_id: str) -> None:
        self.answer = answer
        self.last_id = last_id
        self.comments = 0
        self.retry: int | None = None

    async def messages(self) -> AsyncIterator[Message]:
        """Every event until the stream ends."""
        fields: dict[str, str] = {}
        async for line in self.answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments += 1
            elif name == "retry":
                self.retry = int(value)
            elif line:
                fields[name] = value
            elif fields:
                self.last_id = fields.get("id", self.last_id)
                if "data" in fields:
                    yield Message(fields["event"], json.loads(fields["data"]), self.last_id, "id" in fields)
                fields = {}


@asynccontextmanager
async def streaming(http: httpx.AsyncClient, path: str, last_id: str = "") -> AsyncIterator[EventSource]:
    """The events of this address after the one with this id."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield EventSource(answer, last_id)


@asynccontextmanager
async def following(http: httpx.AsyncClient, job_id: str, last_id: str = "") -> AsyncIterator[EventSource]:
    """The events of a job after the one with this id."""
    async with streaming(http, f"/v1/jobs/{job_id}/events", last_id) as source:
        yield source


async def everything(http: httpx.AsyncClient, job_id: str, last_id: str = "") -> list[Message]:
    """All events until the stream ends."""
    async with following(http, job_id, last_id) as source:
        return [message async for message in source.messages()]
