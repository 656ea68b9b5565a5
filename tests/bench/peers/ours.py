"""Afterwork: its client fills, and `tests.bench.peers.service` works."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.peers import program, service

from afterwork.engine import JobClient, Submission, Submitted


@asynccontextmanager
async def opened() -> AsyncIterator[program.Producer]:
    """Several jobs go in one call of the client."""
    async with JobClient.connect(program.URL) as client:

        async def one(sent: int) -> None:
            await client.submit(service.Noop(sent=sent))

        async def many(count: int) -> None:
            answers = await client.submit_many([Submission.of(service.Noop(sent=0)) for _ in range(count)])
            assert all(isinstance(answer, Submitted) for answer in answers)

        yield program.Producer(one, many)


if __name__ == "__main__":
    program.main(opened, service.main)
