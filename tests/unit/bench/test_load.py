"""The load generator without a network."""

import asyncio
import time

import pytest
from tests.bench.engine import load

STALL = 0.3
"""Seconds for which a server that stalls once answers nobody."""


class Stalling:
    """Answers at once, except for the first request."""

    def __init__(self) -> None:
        self.answered = 0

    async def send(self) -> None:
        if self.answered == 0:
            await asyncio.sleep(STALL)
        self.answered += 1


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)


async def test_an_open_loop_counts_the_time_for_which_a_stalled_server_let_requests_wait() -> None:
    server = Stalling()

    latencies = await load.steady([server], seconds=STALL / 3, rate=200)

    assert server.answered == len(latencies) == 20
    assert min(latencies) > STALL / 2, "the last one, due after a third of the stall, was answered after it"


async def test_a_closed_loop_sends_the_next_request_after_the_answer_until_the_time_is_over() -> None:
    server = Stalling()
    began = time.perf_counter()

    latencies = await load.closed([server], seconds=STALL / 3)

    assert server.answered == len(latencies) == 1
    assert latencies[0] >= STALL / 2
    assert time.perf_counter() - began >= STALL / 2


async def test_an_answer_counts_when_all_of_it_has_come() -> None:
    # given
    wire, connection = Wire(), load.Connection(b"POST")
    connection.connection_made(wire)
    sending = asyncio.create_task(connection.send())
    await asyncio.sleep(0)

    # when
    for part in (b"HTTP/1.1 202 Accepted\r\nContent-Le", b"ngth: 4\r\n\r\n", b"ab"):
        connection.data_received(part)
        await asyncio.sleep(0)
        assert not sending.done(), part
    connection.data_received(b"cd")
    await sending

    # then
    assert wire.written == b"POST"


async def test_any_other_answer_ends_the_run() -> None:
    connection = load.Connection(b"POST")
    connection.connection_made(Wire())
    sending = asyncio.create_task(connection.send())
    await asyncio.sleep(0)

    connection.data_received(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(ValueError, match="503"):
        await sending


async def test_a_server_that_hangs_up_ends_the_run() -> None:
    connection = load.Connection(b"POST")
    connection.connection_made(Wire())
    sending = asyncio.create_task(connection.send())
    await asyncio.sleep(0)

    connection.connection_lost(None)

    with pytest.raises(ConnectionError):
        await sending
