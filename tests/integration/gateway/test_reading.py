"""Reading jobs: one, its parts, and lists of them."""

import asyncio

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.talks import Talk, talking, working
from tests.servers import RedisServer

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient
from afterwork.engine.work.worker import Worker


async def test_an_unchanged_job_is_not_sent_again(http: httpx.AsyncClient) -> None:
    # Given
    accepted = await http.post("/v1/jobs", json=probe())
    first = await http.get(accepted.headers["location"])

    # When
    again = await http.get(
        accepted.headers["location"], headers={"If-None-Match": f'"x", {first.headers["etag"]}'}
    )

    # Then
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


async def test_a_changed_job_is_sent_with_a_new_tag(http: httpx.AsyncClient) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    before = await http.get(address)

    # When
    await http.delete(address)
    after = await http.get(address, headers={"If-None-Match": before.headers["etag"]})

    # Then
    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]
    assert after.json()["state"] == "cancelled"
    assert "retry-after" not in after.headers


async def test_the_payload_is_what_was_submitted_with_its_defaults(http: httpx.AsyncClient) -> None:
    accepted = await http.post("/v1/jobs", json=probe(seconds=3))

    payload = await http.get(accepted.headers["location"] + "/payload")

    assert payload.json() == {
        "queue": "notifier",
        "seconds": 3.0,
        "mode": "async",
        "megabytes": 0,
        "fail": "never",
    }


async def test_the_result_of_an_unfinished_job_is_not_there_yet(http: httpx.AsyncClient) -> None:
    accepted = await http.post("/v1/jobs", json=probe())

    result = await http.get(accepted.headers["location"] + "/result")

    assert result.status_code == 409
    assert result.json()["type"] == "/problems/not-finished"
    assert result.headers["retry-after"] == "1"


@pytest.mark.parametrize("part", ["", "/payload", "/result"])
async def test_nothing_is_known_of_an_unknown_job(http: httpx.AsyncClient, part: str) -> None:
    answer = await http.get(f"/v1/jobs/0199aaaa-0000-7000-8000-000000000000{part}")

    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"
    assert answer.json()["instance"].endswith(part)


async def test_pages_lead_through_all_jobs_newest_first(http: httpx.AsyncClient) -> None:
    # Given
    submitted = [(await http.post("/v1/jobs", json=probe())).json()["id"] for _ in range(7)]

    # When
    seen: list[str] = []
    query = {"page_size": "3"}
    while True:
        page = (await http.get("/v1/jobs", params=query)).json()
        assert len(page["jobs"]) <= 3
        seen += [job["id"] for job in page["jobs"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]

    # Then
    assert seen == submitted[::-1]


async def test_a_list_is_filtered_by_state_kind_and_queue(http: httpx.AsyncClient, jobs: JobClient) -> None:
    # Given
    waiting = await jobs.submit(ProbeRun(queue="notifier"))
    elsewhere = await jobs.submit(ProbeRun(queue="archiver"))
    cancelled = await jobs.submit(ProbeRun(queue="notifier"))
    await jobs.cancel(cancelled.job.id)

    async def ids(query: str) -> set[str]:
        return {job["id"] for job in (await http.get(f"/v1/jobs?{query}")).json()["jobs"]}

    # When / Then
    assert await ids("state=queued") == {waiting.job.id, elsewhere.job.id}
    assert await ids("state=cancelled") == {cancelled.job.id}
    assert await ids("queue=notifier&state=queued") == {waiting.job.id}
    assert await ids("kind=probe.run&queue=archiver") == {elsewhere.job.id}
    assert await ids("kind=no.such") == set()


async def test_a_job_in_a_list_has_its_links_but_neither_result_nor_history(http: httpx.AsyncClient) -> None:
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]

    (job,) = (await http.get("/v1/jobs")).json()["jobs"]

    parts = {part: f"{address}/{part}" for part in ("events", "log", "result")}
    assert job["links"] == {"self": address, **parts}
    assert not {"result", "history"} & job.keys()


async def test_jobs_are_found_by_tag(http: httpx.AsyncClient) -> None:
    # Given
    tagged = [
        (await http.post("/v1/jobs", json=probe(options={"tags": tags}))).json()["id"]
        for tags in (["nightly", "eu"], ["nightly"], ["eu & more"], [])
    ]

    async def ids(tag: str) -> list[str]:
        return [job["id"] for job in (await http.get("/v1/jobs", params={"tag": tag})).json()["jobs"]]

    # When / Then
    assert await ids("nightly") == [tagged[1], tagged[0]]
    assert await ids("eu") == [tagged[0]]
    assert await ids("eu & more") == [tagged[2]]
    assert await ids("night") == []


async def test_jobs_are_found_by_when_they_were_accepted(http: httpx.AsyncClient) -> None:
    # Given
    first, second = [(await http.post("/v1/jobs", json=probe())).json() for _ in range(2)]

    async def ids(moment: str) -> list[str]:
        answer = await http.get("/v1/jobs", params={"created_after": moment})
        return [job["id"] for job in answer.json()["jobs"]]

    # When / Then
    assert await ids("2000-01-01T00:00:00Z") == [second["id"], first["id"]]
    assert await ids("2000-01-01T00:00:00+01:00") == [second["id"], first["id"]]
    assert first["id"] not in await ids(first["created_at"])
    assert await ids(second["created_at"]) == []
    assert await ids("9999-12-31T23:59:59-23:59") == []
    assert len(await ids("0001-01-01T00:00:00+23:59")) == 2


async def test_what_was_asked_for_is_shown(http: httpx.AsyncClient) -> None:
    # Given
    options = {"tags": ["b", "a"], "start_before": "2199-01-01T00:00:00Z", "retention": 3600}

    # When
    accepted = await http.post("/v1/jobs", json=probe(options=options))
    read = await http.get(accepted.headers["location"])

    # Then
    assert accepted.json() == read.json()
    assert {name: read.json()[name] for name in options} == options
    assert read.json()["progress"] is None
    assert "as_of" not in read.json()


@pytest.mark.parametrize("part", ["payload", "result", "log"])
async def test_an_unchanged_part_of_a_job_is_not_sent_again(
    http: httpx.AsyncClient, worker: Worker, part: str
) -> None:
    # Given
    job = (await http.post("/v1/jobs", json=probe(), headers={"Prefer": "wait=20"})).json()
    address = f"{job['links']['self']}/{part}"
    first = await http.get(address)

    # When
    again = await http.get(address, headers={"If-None-Match": first.headers["etag"]})
    other = await http.get(address, headers={"If-None-Match": '"another"'})

    # Then
    assert first.status_code == 200
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_log_shows_what_the_job_logged(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    gate = asyncio.Semaphore(1)
    job = (await jobs.submit(Talk(steps=2, lines=3))).job
    before = await http.get(f"/v1/jobs/{job.id}/log")
    async with working(redis_server, talking(gate)):
        # When
        async with asyncio.timeout(10):
            while len((middle := await http.get(f"/v1/jobs/{job.id}/log")).json()["lines"]) < 3:
                await asyncio.sleep(0.02)
        gate.release()
        await jobs.wait(job.id, 10)
        after = await http.get(f"/v1/jobs/{job.id}/log", headers={"If-None-Match": middle.headers["etag"]})

    # Then
    assert before.json() == {"lines": []}
    assert len({answer.headers["etag"] for answer in (before, middle, after)}) == 3
    lines = after.json()["lines"]
    assert [line["text"].split(" x")[0] for line in lines] == [
        f"attempt 1 step {step} line {line}" for step in range(2) for line in range(3)
    ]
    assert {line["level"] for line in lines} == {"info"}
    assert all(line["at"].endswith("Z") and line["version"] > 1 for line in lines)


async def test_how_far_a_job_is_is_shown(
    http: httpx.AsyncClient, jobs: JobClient, redis_server: RedisServer
) -> None:
    # Given
    gate = asyncio.Semaphore(1)
    job = (await jobs.submit(Talk(steps=2))).job

    # When
    async with working(redis_server, talking(gate)), asyncio.timeout(10):
        while (shown := (await http.get(f"/v1/jobs/{job.id}")).json())["progress"] is None:
            await asyncio.sleep(0.02)
        (listed,) = (await http.get("/v1/jobs")).json()["jobs"]
        gate.release()
        ended = await jobs.wait(job.id, 10)

    # Then
    assert shown["state"] == "running"
    assert shown["progress"] == listed["progress"] == {"done": 1.0, "total": 2.0, "note": None}
    assert ended.progress is not None
    assert ended.progress.done == 2.0
