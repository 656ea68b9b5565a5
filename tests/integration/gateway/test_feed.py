"""`GET /v1/events` of a gateway process: the feed of all jobs as server-sent events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import httpx
import psutil
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.event_source import Message, streaming
from tests.integration.gateway.raw_http import connected, request
from tests.processes import ServiceProcess, variables
from tests.servers import RedisServer, wait_until

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient, Submission, Submitted, keys

KEEP_ALIVE = 0.1
SEND_TIMEOUT = 1.0
READERS = 100
JOBS = 1000
MIB = 1024 * 1024


@pytest.fixture
def gateway(shared_redis: RedisServer) -> Iterator[ServiceProcess]:
    """A new one for each test: it remembers the newest events, also when the tests empty Redis behind its back."""
    settings = variables(
        redis__url=shared_redis.url, gateway__keep_alive=KEEP_ALIVE, gateway__send_timeout=SEND_TIMEOUT
    )
    with ServiceProcess("gateway", None, **settings) as process:
        yield process


@pytest.fixture
async def http(gateway: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
        yield client


async def take(messages: AsyncIterator[Message], count: int) -> list[Message]:
    async with asyncio.timeout(60):
        return [await anext(messages) for _ in range(count)]


async def test_a_reader_is_told_of_all_jobs_and_comes_back_to_where_it_was(
    http: httpx.AsyncClient, jobs: JobClient
) -> None:
    # Given
    async with streaming(http, "/v1/events") as source:
        messages = source.messages()
        first = (await http.post("/v1/jobs", json=probe())).json()
        second = (await http.post("/v1/jobs", json=probe())).json()

        # When
        seen = await take(messages, 2)

    # Then
    assert [message.name for message in seen] == ["state", "state"]
    assert [message.data["job_id"] for message in seen] == [first["id"], second["id"]]
    assert seen[0].data | {"id": "", "at": ""} == {
        "id": "",
        "job_id": first["id"],
        "kind": "probe.run",
        "queue": "notifier",
        "state": "queued",
        "version": 1,
        "at": "",
    }
    assert seen[0].id == seen[0].data["id"]
    assert source.answer.headers["cache-control"] == "no-store"

    # And when
    await jobs.cancel(first["id"])
    async with streaming(http, "/v1/events", seen[0].id) as source:
        rest = await take(source.messages(), 2)

    # Then
    assert [(message.data["job_id"], message.state) for message in rest] == [
        (second["id"], "queued"),
        (first["id"], "cancelled"),
    ]


async def test_a_filter_leaves_out_the_rest_and_comments_carry_the_reader_past_it(
    http: httpx.AsyncClient, jobs: JobClient
) -> None:
    path = "/v1/events?queue=notifier&kind=probe.run&state=cancelled"
    async with streaming(http, path, "0-0.0") as source, asyncio.timeout(30):
        job = (await http.post("/v1/jobs", json=probe())).json()
        await jobs.cancel(job["id"])
        messages = source.messages()
        (seen,) = await take(messages, 1)
        assert (seen.data["job_id"], seen.state) == (job["id"], "cancelled")

        await http.post("/v1/jobs", json=probe(options={"delay": 60}))
        newest = await jobs.feed_place()
        waiting = asyncio.ensure_future(anext(messages))
        while source.last_id != newest:
            await asyncio.sleep(KEEP_ALIVE / 5)
        assert not waiting.done()
        waiting.cancel()


async def test_a_reader_who_was_away_too_long_is_told_of_a_gap(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    await http.post("/v1/jobs", json=probe())
    place = await jobs.feed_place()
    for _ in range(3):
        await http.post("/v1/jobs", json=probe())
    with redis_server.client() as client:
        client.xtrim(keys.EVENTS, maxlen=2, approximate=False)

    async with streaming(http, "/v1/events", place) as source:
        gap, *rest = await take(source.messages(), 3)

    assert (gap.name, gap.data["after"], gap.id) == ("gap", place, gap.data["id"])
    assert [message.name for message in rest] == ["state", "state"]


@pytest.mark.parametrize(
    ("query", "last_id"),
    [
        ("", "7"),
        ("", "yesterday"),
        ("?state=flying", ""),
        ("?queue=", ""),
        ("?kind=a&kind=b", ""),
        ("?tag=x", ""),
    ],
)
async def test_what_cannot_be_meant_is_refused(http: httpx.AsyncClient, query: str, last_id: str) -> None:
    headers = {"Last-Event-ID": last_id} if last_id else {}

    answer = await http.get(f"/v1/events{query}", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-parameter")


async def test_readers_who_never_read_cost_little_and_one_connection_together(
    gateway: ServiceProcess, http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    process = psutil.Process(gateway.pid)
    with ExitStack() as open_ones, redis_server.client() as redis:
        for _ in range(READERS):
            reader = open_ones.enter_context(connected(gateway.url, receive_buffer=4096))
            reader.sendall(request("GET", "/v1/events"))
        async with streaming(http, "/v1/events?state=queued") as source:
            ids: set[str] = set()
            reading = asyncio.create_task(_until_seen(source.messages(), ids))
            before, highest = process.memory_info().rss, 0

            # When
            while len(ids) < JOBS:
                submitted = await jobs.submit_many(
                    [Submission.of(ProbeRun(queue="notifier")) for _ in range(50)]
                )
                ids |= {one.job.id for one in submitted if isinstance(one, Submitted)}
                highest = max(highest, process.memory_info().rss)
                assert sum(one["cmd"].startswith("xread") for one in redis.client_list()) <= 1
            seen = Counter(await reading)

            # Then
            assert {seen[job_id] for job_id in ids} == {1}
            assert highest - before < READERS * MIB
    assert "Traceback" not in gateway.log
    await asyncio.to_thread(wait_until, lambda: "xread" not in _commands(redis_server), what="nobody reads")


async def _until_seen(messages: AsyncIterator[Message], ids: set[str]) -> list[str]:
    """The jobs that were told of, until so many of these ids, which are filled in meanwhile, were."""
    seen: list[str] = []
    async with asyncio.timeout(60):
        async for message in messages:
            seen.append(message.data["job_id"])
            if len(ids & set(seen)) == JOBS:
                break
    return seen


def _commands(server: RedisServer) -> str:
    with server.client() as client:
        return " ".join(one["cmd"] for one in client.client_list())


async def test_the_end_of_the_gateway_ends_the_stream_in_order(redis_server: RedisServer) -> None:
    with ServiceProcess("gateway", None, **variables(redis__url=redis_server.url)) as ending:
        async with (
            httpx.AsyncClient(base_url=ending.url, timeout=20) as client,
            streaming(client, "/v1/events") as source,
        ):
            ending.terminate()
            assert [message async for message in source.messages()] == []
        assert ending.wait() == 0
        assert "Traceback" not in ending.log


async def test_while_redis_is_away_nobody_begins_to_read(own_redis: RedisServer) -> None:
    with ServiceProcess("gateway", None, **variables(redis__url=own_redis.url)) as gateway:
        own_redis.stop()

        async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
            answer = await client.get("/v1/events")

        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/queue-unavailable")
