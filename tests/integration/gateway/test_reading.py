"""Reading jobs: one, its parts, and lists of them."""

import httpx
import pytest
from tests.integration.gateway.bodies import probe

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient


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

    assert payload.json() == {"queue": "notifier", "seconds": 3.0, "mode": "async", "fail": "never"}


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

    assert job["links"] == {"self": address, "result": f"{address}/result"}
    assert not {"result", "history"} & job.keys()
