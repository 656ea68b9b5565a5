"""Waits for a job on behalf of a client, for as long as both the client and this gateway stay."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from afterwork.contracts import Job
from afterwork.engine.tasks import end
from gateway.parts import Parts


async def await_end(job_id: str, seconds: float, request: Request, built: Parts) -> Job:
    """The job when it has ended, or as it is after `seconds`, or at once when this gateway is to end.

    Raises NotFound, QueueUnavailable, or ClientDisconnect if there is nobody left to answer.
    """
    waiting = asyncio.create_task(built.client.wait(job_id, seconds))
    leaving = asyncio.create_task(_departure(request))
    ending = asyncio.create_task(built.ending.wait())
    everything = (waiting, leaving, ending)
    try:
        done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(everything)
    if leaving in done:
        leaving.result()
    return waiting.result() if waiting in done else await built.client.get(job_id)


async def _departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # a body that nobody asked for
    raise ClientDisconnect
