"""How long a client may leave its answer lying."""

import asyncio

import pytest
import uvicorn
from fastapi import FastAPI
from uvicorn.server import ServerState

from gateway.http.connection import Connection

TIMEOUT = 0.05


class Peer(asyncio.Transport):
    """The other side of a connection: what waits to be sent, and whether it was cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 100_000
        self.is_cut_off = False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.is_cut_off = True

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_cut_off


@pytest.fixture
async def peer() -> Peer:
    return Peer()


@pytest.fixture
async def connection(peer: Peer) -> Connection:
    config = uvicorn.Config(FastAPI(), log_config=None, lifespan="off")
    config.load()
    connection = Connection(
        config, ServerState(), {}, send_timeout=TIMEOUT, request_timeout=60, _loop=asyncio.get_running_loop()
    )
    connection.connection_made(peer)
    return connection


async def _passes(periods: float) -> None:
    end = asyncio.get_running_loop().time() + periods * TIMEOUT
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(TIMEOUT / 10)


async def test_who_takes_nothing_is_cut_off(connection: Connection, peer: Peer) -> None:
    connection.pause_writing()

    async with asyncio.timeout(5):
        while not peer.is_cut_off:
            await asyncio.sleep(TIMEOUT / 10)


async def test_who_takes_a_little_now_and_then_is_served(connection: Connection, peer: Peer) -> None:
    connection.pause_writing()

    for _ in range(8):
        peer.waiting -= 1
        await _passes(0.5)

    assert not peer.is_cut_off


async def test_who_has_taken_everything_may_be_silent(connection: Connection, peer: Peer) -> None:
    connection.pause_writing()
    connection.resume_writing()

    await _passes(3)

    assert not peer.is_cut_off


async def test_who_is_gone_is_not_cut_off_once_more(connection: Connection, peer: Peer) -> None:
    connection.pause_writing()
    connection.connection_lost(None)

    await _passes(3)

    assert not peer.is_cut_off
