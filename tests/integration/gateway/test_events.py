"""`GET /v1/jobs/{id}/events` of a gateway process: what a reader sees, from the beginning or from where it was."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.event_source import Message, everything, following
from tests.integration.gateway.talks import Talk, talking, working
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer

from afterwork.engine import JobClient

KEEP_ALIVE = 0.1


@pytest.fixture(scope="module")
def gateway(shared_redis: RedisServer) -> Iterator[ServiceProcess]:
    settings = variables(redis__url=shared_redis.url, gateway__keep_alive=KEEP_ALIVE)
    with ServiceProcess("gateway", None, **settings) as process:
        yield process


@pytest.fixture
async def http(gateway: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
        yield client


def states(messages: list[Message]) -> list[str]:
    """The delay before a retry may be less than a millisecond, so scheduled and queued are both waiting."""
    waiting = {"scheduled": "waiting", "queued": "waiting"}
    return [waiting.get(message.state, message.state) for message in messages if message.state]


async def test_a_reader_sees_a_whole_life_as_it_happens_and_then_the_end(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    job = (await jobs.submit(Talk(steps=2, lines=2))).job
    gate = asyncio.Semaphore(0)

    # When
    seen: list[Message] = []
    async with following(http, job.id) as source, AsyncExitStack() as later:
        async for message in source.messages():
            seen.append(message)
            if message.state == "queued":
                await later.enter_async_context(working(redis_server, talking(gate)))
            if message.state == "running" or message.name == "progress":
                gate.release()

    # Then
    assert states(seen) == ["waiting", "running", "succeeded"]
    assert [message.data["done"] for message in seen if message.name == "progress"] == [1, 2]
    assert len([message for message in seen if message.name == "log"]) == 4
    assert source.retry == 2000
    assert source.answer.headers["content-type"].startswith("text/event-stream")
    assert source.answer.headers["cache-control"] == "no-store"
    assert source.answer.headers["x-accel-buffering"] == "no"


async def test_the_life_of_a_job_that_has_ended_is_replayed(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    job = (await jobs.submit(Talk(failures=1))).job
    async with working(redis_server, talking(asyncio.Semaphore(10))):
        await jobs.wait(job.id, 20)

    # When
    seen = await everything(http, job.id)

    # Then
    assert states(seen) == [*["waiting", "running"] * 2, "succeeded"]
    (retried,) = [message.data for message in seen if message.state and message.data["error"]]
    assert retried["error"]["exception"] == "ValueError"
    assert seen[-1].state == "succeeded"


async def test_whoever_comes_back_with_what_it_saw_last_has_seen_everything(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    job = (await jobs.submit(Talk(steps=2, lines=3, failures=1))).job
    async with working(redis_server, talking(asyncio.Semaphore(10))):
        await jobs.wait(job.id, 20)
    whole = await everything(http, job.id)
    told = [(message.name, str(message.data)) for message in whole]

    for cut, last in enumerate(whole[:-1], start=1):
        # When
        rest = await everything(http, job.id, last.id)

        # Then
        assert [(message.name, str(message.data)) for message in rest] == told[-len(rest) :]
        assert len(rest) >= len(whole) - cut, f"something was lost after {last}"
        assert len(rest) == len(whole) - cut or not last.has_id, f"something came twice after {last}"


async def test_whoever_comes_back_after_every_version_sees_what_a_patient_reader_sees(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    job = (await jobs.submit(Talk(steps=3, failures=2))).job
    gate = asyncio.Semaphore(0)
    patient = asyncio.create_task(everything(http, job.id))

    # When
    seen: list[Message] = []
    async with working(redis_server, talking(gate)):
        while not seen or seen[-1].state != "succeeded":
            async with following(http, job.id, seen[-1].id if seen else "") as source:
                async for message in source.messages():
                    seen.append(message)
                    if message.has_id:
                        break
            gate.release()

    # Then
    assert states(seen) == states(await patient)
    assert states(seen) == [*["waiting", "running"] * 3, "succeeded"]


@pytest.mark.parametrize("ahead", [0, 1, 10**30])
async def test_a_reader_who_saw_the_end_need_not_come_back(
    http: httpx.AsyncClient, jobs: JobClient, ahead: int
) -> None:
    # Given
    job = (await http.post("/v1/jobs", json=probe())).json()
    await http.delete(job["links"]["self"])
    seen = await everything(http, job["id"])

    # When
    again = await http.get(job["links"]["events"], headers={"Last-Event-ID": str(int(seen[-1].id) + ahead)})

    # Then
    assert (again.status_code, again.content) == (204, b"")


async def test_a_job_that_is_put_off_cancelled_and_retried_tells_so_live_and_later(
    http: httpx.AsyncClient, jobs: JobClient
) -> None:
    # Given
    job = (await http.post("/v1/jobs", json=probe())).json()
    path = job["links"]["self"]
    first, second = [], []

    # When
    async with following(http, job["id"]) as source:
        async for message in source.messages():
            first.append(message)
            if message.state == "queued":
                await http.patch(path, json={"run_at": "2100-01-01T00:00:00Z"})
            elif message.state == "scheduled":
                await http.delete(path)
    await http.post(f"{path}/retry")
    async with following(http, job["id"], first[-1].id) as source:
        async for message in source.messages():
            second.append(message)
            if message.state == "queued":
                await http.delete(path)

    # Then
    seen = first + second
    assert [message.state for message in seen] == ["queued", "scheduled", "cancelled", "queued", "cancelled"]
    replayed = await everything(http, job["id"])
    assert [(message.id, message.data) for message in replayed] == [
        (message.id, message.data) for message in seen
    ]


async def test_a_reader_who_claims_to_have_seen_more_than_there_is_is_told_what_comes(
    http: httpx.AsyncClient, jobs: JobClient
) -> None:
    # Given
    job = (await jobs.submit(Talk())).job

    # When
    async with following(http, job.id, "1000000") as source:
        await jobs.cancel(job.id)
        seen = [message async for message in source.messages()]

    # Then
    assert states(seen) == ["cancelled"]


async def test_a_silent_stream_is_kept_alive_by_comments(http: httpx.AsyncClient, jobs: JobClient) -> None:
    # Given
    job = (await jobs.submit(Talk())).job

    # When
    async with following(http, job.id) as source, asyncio.timeout(20):
        messages = source.messages()
        await anext(messages)
        following_one = asyncio.ensure_future(anext(messages))
        while source.comments < 3:
            await asyncio.sleep(KEEP_ALIVE / 5)
        still_open = not following_one.done()
        await jobs.cancel(job.id)
        last = await following_one

    # Then
    assert still_open
    assert last.state == "cancelled"


async def test_many_readers_of_one_job_see_the_same(http: httpx.AsyncClient, jobs: JobClient) -> None:
    # Given
    job = (await jobs.submit(Talk())).job
    readers = [asyncio.create_task(everything(http, job.id)) for _ in range(50)]
    await asyncio.wait(readers, timeout=0.3)

    # When
    await jobs.cancel(job.id)

    # Then
    for reader in readers:
        assert states(await reader) == ["waiting", "cancelled"]


async def test_an_unknown_job_has_no_stream(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/jobs/nobody/events")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
