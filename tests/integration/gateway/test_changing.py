"""`PATCH`: when, how urgently and under which tags a waiting job runs; and changes that demand what was seen."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from tests.integration.gateway.bodies import Body, probe

from afterwork.engine import JobClient
from afterwork.engine.work.worker import Worker

LATER = "2199-01-01T00:00:00Z"


async def submitted(http: httpx.AsyncClient, **options: object) -> httpx.Response:
    return await http.post("/v1/jobs", json=probe(options=options))


async def test_a_waiting_job_gets_a_new_time_priority_and_tags(http: httpx.AsyncClient) -> None:
    # Given
    first = await submitted(http, tags=["old"])
    address = first.headers["location"]

    # When
    answer = await http.patch(address, json={"run_at": LATER, "priority": "high", "tags": ["new", "new"]})

    # Then
    job = answer.json()
    assert answer.status_code == 200
    assert (job["state"], job["run_at"], job["priority"]) == ("scheduled", LATER, "high")
    assert job["tags"] == ["new"]
    assert answer.headers["etag"] != first.headers["etag"]
    read = await http.get(address)
    assert (read.json(), read.headers["etag"]) == (job, answer.headers["etag"])
    assert [found["id"] for found in (await http.get("/v1/jobs?tag=new")).json()["jobs"]] == [job["id"]]
    assert (await http.get("/v1/jobs?tag=old")).json()["jobs"] == []


@pytest.mark.parametrize("change", [{"run_at": LATER}, {"priority": "low"}, {"tags": []}])
async def test_what_is_left_out_stays(http: httpx.AsyncClient, change: Body) -> None:
    # Given
    first = (await submitted(http, priority="high", tags=["a", "b"], delay=900)).json()

    # When
    job = (await http.patch(first["links"]["self"], json=change)).json()

    # Then
    different = {name for name, value in job.items() if value != first[name]}
    assert different == {"version", *change}
    assert {name: job[name] for name in change} == change


async def test_a_change_of_nothing_changes_nothing(http: httpx.AsyncClient) -> None:
    first = await submitted(http)

    answer = await http.patch(first.headers["location"], json={})

    assert answer.status_code == 200
    assert answer.json() == first.json()


async def test_a_merge_patch_is_a_change(http: httpx.AsyncClient) -> None:
    address = (await submitted(http)).headers["location"]

    answer = await http.patch(
        address, content=b'{"priority": "low"}', headers={"Content-Type": "application/merge-patch+json"}
    )

    assert answer.status_code == 200
    assert answer.json()["priority"] == "low"


async def test_a_scheduled_job_that_is_due_now_is_run_at_once(
    http: httpx.AsyncClient, worker: Worker
) -> None:
    # Given
    address = (await submitted(http, delay=900)).headers["location"]

    # When
    await http.patch(address, json={"run_at": "1999-01-01T00:00:00Z"})
    job = await http.get(address, headers={"Prefer": "wait=20"})

    # Then
    assert job.json()["state"] == "succeeded"


async def test_a_running_job_cannot_be_changed(http: httpx.AsyncClient, worker: Worker) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe(seconds=600))).headers["location"]
    async with asyncio.timeout(10):
        while (await http.get(address)).json()["state"] != "running":
            await asyncio.sleep(0.02)

    # When
    answer = await http.patch(address, json={"priority": "high"})

    # Then
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/not-waiting"


async def test_a_job_that_has_ended_cannot_be_changed(http: httpx.AsyncClient) -> None:
    address = (await submitted(http)).headers["location"]
    await http.delete(address)

    answer = await http.patch(address, json={"priority": "high"})

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/already-finished"


async def test_a_job_cannot_be_put_off_until_it_may_not_start_any_more(http: httpx.AsyncClient) -> None:
    address = (await submitted(http, start_before="2100-01-01T00:00:00Z")).headers["location"]

    answer = await http.patch(address, json={"run_at": LATER})

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-payload"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_job_is_left_alone_if_it_is_not_what_was_seen(http: httpx.AsyncClient, method: str) -> None:
    # Given
    first = await submitted(http)
    address = first.headers["location"]
    now = await http.patch(address, json={"tags": ["changed meanwhile"]})

    # When
    answer = await http.request(
        method, address, headers={"If-Match": first.headers["etag"]}, json={"priority": "high"}
    )

    # Then
    assert answer.status_code == 412
    assert answer.json()["type"] == "/problems/precondition-failed"
    assert (await http.get(address)).json() == now.json()


@pytest.mark.parametrize(
    "condition", ["{etag}", "*", '"x", {etag}'], ids=["the tag", "any", "one of several"]
)
@pytest.mark.parametrize(("method", "status"), [("PATCH", 200), ("DELETE", 202)])
async def test_a_job_that_is_what_was_seen_is_changed(
    http: httpx.AsyncClient, method: str, status: int, condition: str
) -> None:
    first = await submitted(http)

    answer = await http.request(
        method,
        first.headers["location"],
        headers={"If-Match": condition.format(etag=first.headers["etag"])},
        json={"priority": "high"},
    )

    assert answer.status_code == status
    assert answer.json()["version"] > first.json()["version"]


@pytest.mark.parametrize("condition", ["W/{etag}", "", "1-queued", '"1-'])
async def test_a_condition_that_is_not_the_very_tag_is_not_met(
    http: httpx.AsyncClient, condition: str
) -> None:
    first = await submitted(http)

    answer = await http.patch(
        first.headers["location"],
        headers={"If-Match": condition.format(etag=first.headers["etag"])},
        json={"priority": "high"},
    )

    assert answer.status_code == 412


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_only_one_of_many_who_saw_the_same_has_its_way(
    http: httpx.AsyncClient, jobs: JobClient, method: str
) -> None:
    # Given
    first = await submitted(http, delay=900)
    condition = {"If-Match": first.headers["etag"]}

    # When
    answers = await asyncio.gather(
        *(
            http.request(method, first.headers["location"], headers=condition, json={"tags": [str(number)]})
            for number in range(20)
        )
    )

    # Then
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] in {200, 202}
    assert set(statuses[1:]) <= {409, 412}
    assert len(statuses[1:]) == 19
    assert (await jobs.get(first.json()["id"])).version == 2


async def test_a_job_is_run_again_only_as_it_was_seen(http: httpx.AsyncClient) -> None:
    # Given
    first = await submitted(http, delay=900)
    address = first.headers["location"]
    ended = await http.delete(address)

    # When
    late = await http.post(f"{address}/retry", headers={"If-Match": first.headers["etag"]})
    answers = await asyncio.gather(
        *(http.post(f"{address}/retry", headers={"If-Match": ended.headers["etag"]}) for _ in range(10))
    )

    # Then
    assert late.status_code == 412
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 202
    assert set(statuses[1:]) <= {409, 412}


async def test_when_to_ask_again_is_told_by_the_clock_of_redis(http: httpx.AsyncClient) -> None:
    # Given
    now = datetime.now(UTC)

    # When
    answer = await submitted(http, delay=120)

    # Then
    ahead = (datetime.fromisoformat(answer.json()["run_at"]) - now).total_seconds()
    assert abs(ahead - int(answer.headers["retry-after"])) < 10
