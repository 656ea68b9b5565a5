"""Sends an object, or what of it is asked for, as it is read."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from afterwork.errors import ObjectConflict, RangeNotSatisfiable
from afterwork.stores import ObjectInfo, Store
from gateway.http.byte_ranges import ByteRange, byte_range
from gateway.http.conditional import is_known, is_met
from gateway.http.problems import problem_response
from gateway.objects.headers import describing, tag

TRIES = 5
"""How often an object may be replaced between a look at it and its first byte."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer to be: its status, its headers, and which bytes it has, if any."""

    status: int
    headers: Mapping[str, str]
    wanted: ByteRange | None = None


def plan(info: ObjectInfo, asked: Headers, *, method: str = "GET") -> Plan:
    """How a request with these headers is answered. Raises ObjectConflict if its `If-Match` does not hold."""
    if_match = asked.getlist("if-match")
    if if_match and not is_met(tag(info), if_match):
        raise ObjectConflict(f"the ETag is {tag(info)}")
    headers = describing(info)
    if is_known(tag(info), asked.getlist("if-none-match")):
        return Plan(304, {name: headers[name] for name in ("Cache-Control", "ETag", "Last-Modified")})
    is_meant = method == "GET" and asked.get("if-range", tag(info)) == tag(info)
    wanted = byte_range(asked.get("range"), info.size) if is_meant else None
    if wanted is None:
        whole = ByteRange(0, info.size, info.size)
        return Plan(200, {**headers, "Content-Length": str(info.size)}, whole)
    if not wanted.is_satisfiable:
        return Plan(416, {"Content-Range": wanted.content_range})
    length = {"Content-Length": str(wanted.end - wanted.start), "Content-Range": wanted.content_range}
    return Plan(206, {**headers, **length}, wanted)


class Download(Response):
    """The answer to GET. The object is opened when it is sent, so that it is closed whatever becomes of the client."""

    def __init__(self, store: Store, key: str) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._is_started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises ObjectMissing, InvalidKey, ObjectConflict and StoreUnavailable before anything is sent."""
        request = Request(scope, receive)
        for tries_left in reversed(range(TRIES)):
            try:
                await self._answer(request, send)
            except ObjectConflict:  # replaced since it was looked at
                if self._is_started or not tries_left or "if-match" in request.headers:
                    raise
            else:
                return

    async def _answer(self, request: Request, send: Send) -> None:
        info = await self._store.stat(self._key)
        planned = plan(info, request.headers)
        wanted = planned.wanted
        if wanted is None:
            await without_body(planned, info, request)(request.scope, request.receive, send)
            return
        opened = self._store.read(self._key, start=wanted.start, end=wanted.end, if_match=info.etag)
        async with opened as reader, aclosing(_ahead(reader.chunks())) as chunks:
            await anext(chunks)  # nothing is said before there is something to send
            self._is_started = True
            await send(_start(planned))
            async for chunk in chunks:
                if await request.is_disconnected():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def without_body(planned: Plan, info: ObjectInfo, request: Request) -> Response:
    """The answer to HEAD, or one that has nothing of the object."""
    if planned.status == 416:
        error = RangeNotSatisfiable(f"the object has {info.size} bytes")
        return problem_response(error, request.scope["path"], headers=planned.headers)
    return Response(status_code=planned.status, headers=dict(planned.headers))


def _start(planned: Plan) -> Message:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in planned.headers.items()
    ]
    return {"type": "http.response.start", "status": planned.status, "headers": headers}


async def _ahead(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """An empty chunk when the first is there, then all."""
    first = await anext(chunks, b"")
    yield b""
    yield first
    async for chunk in chunks:
        yield chunk
