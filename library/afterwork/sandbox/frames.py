"""Messages between a worker and the process of a call: one letter of what it is, a length, and JSON."""

import asyncio
import socket
import struct
import threading
from dataclasses import dataclass
from enum import Enum

HEADER = struct.Struct("!cI")
MAX_BODY = 4 * 2**20
"""Bytes of the largest message that a worker reads; what is larger belongs into a file."""


class Topic(Enum):
    """What a message is. The worker sends CALL, ANSWER and REFUSAL; the others come from the child."""

    CALL = b"C"
    RESULT = b"R"
    FAILURE = b"F"
    PROGRESS = b"P"
    NEWS = b"N"
    QUESTION = b"Q"
    ANSWER = b"A"
    REFUSAL = b"X"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. body: JSON."""

    topic: Topic
    body: bytes

    def encode(self) -> bytes:
        """As it is sent."""
        return HEADER.pack(self.topic.value, len(self.body)) + self.body


class Garbled(Exception):
    """What was received is no message; somebody has written to the connection who should not."""


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next message, in a worker; None after the last. Raises Garbled."""
    try:
        topic, length = HEADER.unpack(await reader.readexactly(HEADER.size))
        if length > MAX_BODY:
            message = f"a message of {length} bytes"
            raise Garbled(message)
        return Frame(Topic(topic), await reader.readexactly(length))
    except ValueError as error:
        raise Garbled(str(error)) from None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class Line:
    """The connection as the child sees it. Its methods block, and may be called from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._asking = threading.Lock()

    def send(self, topic: Topic, body: bytes) -> None:
        """Send a message. Raises OSError if nobody is there any more."""
        with self._sending:
            self._connection.sendall(Frame(topic, body).encode())

    def ask(self, body: bytes) -> Frame:
        """Send a question and wait for what is answered."""
        with self._asking:
            self.send(Topic.QUESTION, body)
            return self.receive()

    def receive(self) -> Frame:
        """The next message. Raises EOFError if there is none any more."""
        topic, length = HEADER.unpack(self._exactly(HEADER.size))
        return Frame(Topic(topic), self._exactly(length))

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = self._connection.recv(min(length - len(parts), 2**20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)
