"""Pipes from child processes: the reading end is ours, the writing end is handed to the child."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

LONGEST_LINE = 64 * 1024  # bytes; a longer line is printed in pieces


@dataclass(frozen=True, slots=True)
class Pipe:
    """One pipe: `writing` is a descriptor to pass on, `reader` gets what is written into it."""

    reader: asyncio.StreamReader
    transport: asyncio.ReadTransport
    writing: int

    @classmethod
    async def open(cls) -> "Pipe":
        """Make a pipe; neither end is inherited by processes that it is not given to."""
        reading, writing = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
        )
        return cls(reader, transport, writing)

    def handed_over(self) -> None:
        """Close our copy of the writing end, so that the pipe ends with the child that has it."""
        os.close(self.writing)

    def close(self) -> None:
        """Stop reading."""
        self.transport.close()


async def lines(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield the lines of a stream as they come, undecodable bytes replaced, the last one even if unended."""
    rest = b""
    while chunk := await reader.read(LONGEST_LINE):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
        if len(rest) >= LONGEST_LINE:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")
