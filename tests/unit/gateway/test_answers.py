"""What an answer is written as: in one piece if it comes at once, in order, and whole whatever ends the connection."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from uvicorn.server import ServerState

from gateway.http.connection import Connection
from gateway.http.receiving import MAX_HELD

app = FastAPI()


@app.get("/small")
async def small(text: str = "small") -> PlainTextResponse:
    """Head and body at once."""
    return PlainTextResponse(text)


@app.get("/pieces")
async def pieces(size: int) -> StreamingResponse:
    """Three pieces, none of which waits for anything."""

    async def each() -> AsyncIterator[bytes]:
        for letter in b"abc":
            yield bytes([letter]) * size

    return StreamingResponse(each(), headers={"Content-Length": str(3 * size)})


class Peer(asyncio.Transport):
    """The other side of a connection: what it was sent, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.too_late: list[bytes] = []
        self.is_closed = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        (self.too_late if self.is_closed else self.sent).append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        """As a real one."""

    def resume_reading(self) -> None:
        """As a real one."""


@pytest.fixture
async def peer() -> Peer:
    return Peer()


@pytest.fixture
async def connection(peer: Peer) -> AsyncIterator[Connection]:
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    config.load()
    loop = asyncio.get_running_loop()
    made = Connection(config, ServerState(), {}, send_timeout=5, request_timeout=60, _loop=loop)
    made.connection_made(peer)
    yield made
    made.connection_lost(None)
    assert peer.too_late == []


async def has(peer: Peer, condition: Callable[[bytes], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition(b"".join(peer.sent)):
            await asyncio.sleep(0.001)


def asked(path: str, *, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode()


async def test_head_and_body_leave_as_one(connection: Connection, peer: Peer) -> None:
    connection.data_received(asked("/small"))

    await has(peer, lambda sent: sent.endswith(b"small"))

    assert len(peer.sent) == 1


async def test_what_is_long_is_not_held_back(connection: Connection, peer: Peer) -> None:
    connection.data_received(asked(f"/pieces?size={MAX_HELD}"))

    await has(peer, lambda sent: sent.endswith(b"c" * MAX_HELD))

    assert len(peer.sent) >= 3


async def test_answers_to_a_pipeline_keep_their_order(connection: Connection, peer: Peer) -> None:
    connection.data_received(b"".join(asked(f"/small?text={number}.") for number in range(5)))

    await has(peer, lambda sent: sent.endswith(b"4."))

    bodies = [part.rsplit(b"\r\n\r\n", 1)[-1] for part in b"".join(peer.sent).split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"0.", b"1.", b"2.", b"3.", b"4."]


async def test_the_last_answer_is_sent_before_the_end(connection: Connection, peer: Peer) -> None:
    connection.data_received(asked("/small", more="Connection: close\r\n"))

    async with asyncio.timeout(30):
        while not peer.is_closed:
            await asyncio.sleep(0.001)

    assert b"".join(peer.sent).endswith(b"small")


async def test_what_is_answered_is_sent_although_the_server_ends(connection: Connection, peer: Peer) -> None:
    # given an answer that is complete and not sent yet
    connection.data_received(asked("/small"))
    async with asyncio.timeout(30):
        while not connection.cycle.response_complete:
            await asyncio.sleep(0)
    assert peer.sent == []

    # when the server ends at this moment
    connection.shutdown()

    # then
    assert peer.is_closed
    assert b"".join(peer.sent).endswith(b"small")


async def test_whoever_is_gone_is_sent_nothing(connection: Connection, peer: Peer) -> None:
    # given an answer that is complete and not sent yet
    connection.data_received(asked("/small"))
    async with asyncio.timeout(30):
        while not connection.cycle.response_complete:
            await asyncio.sleep(0)

    # when the client goes at this moment
    peer.close()
    await asyncio.sleep(0.01)

    # then
    assert peer.sent == peer.too_late == []
