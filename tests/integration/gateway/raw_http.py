"""HTTP by hand, for clients that no library would imitate: very many, silent, or gone."""

import asyncio
import json
import socket
from collections.abc import Mapping

import httpx
from tests.integration.gateway.bodies import Body


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: Body | None = None
) -> bytes:
    """A request as it is sent."""
    content = b"" if body is None else json.dumps(body).encode()
    told = {"Host": "gateway", "Content-Length": str(len(content)), **(headers or {})}
    if body is not None:
        told["Content-Type"] = "application/json"
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


def address(url: str) -> tuple[str, int]:
    """Host and port of a base URL."""
    parsed = httpx.URL(url)
    return parsed.host, parsed.port or 80


def connected(url: str, *, receive_buffer: int | None = None) -> socket.socket:
    """A connection whose system keeps at most about `receive_buffer` bytes that were not read."""
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(address(url))
    return connection


async def status(url: str, sent: bytes) -> int:
    """The status that answers a request on a connection of its own."""
    reader, writer = await asyncio.open_connection(*address(url))
    try:
        writer.write(sent)
        line = await reader.readline()
        return int(line.split()[1])
    finally:
        writer.close()
