"""Cancelling and retrying, and what became of a job that a worker ran."""

import asyncio

import httpx
import pytest
from tests.integration.gateway.bodies import Body, probe

from afterwork.engine.work.worker import Worker


async def ended(http: httpx.AsyncClient, address: str) -> Body:
    """The job at this address, as soon as it has ended."""
    async with asyncio.timeout(20):
        while True:
            answer = await http.get(address)
            job: Body = answer.json()
            if "retry-after" not in answer.headers:
                return job
            await asyncio.sleep(0.02)


async def test_a_waiting_job_is_cancelled_at_once(http: httpx.AsyncClient) -> None:
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]

    answer = await http.delete(address)

    assert answer.status_code == 202
    assert answer.headers["location"] == address
    assert answer.json()["state"] == "cancelled"
    assert answer.json()["error"]["type"] == "/problems/cancelled"


async def test_a_job_that_has_ended_cannot_be_cancelled(http: httpx.AsyncClient) -> None:
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    await http.delete(address)

    answer = await http.delete(address)

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/already-finished"


async def test_a_cancelled_job_can_be_retried(http: httpx.AsyncClient) -> None:
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    await http.delete(address)

    answer = await http.post(f"{address}/retry")

    assert answer.status_code == 202
    assert answer.headers["location"] == address
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["state"] == "queued"


async def test_a_waiting_job_cannot_be_retried(http: httpx.AsyncClient) -> None:
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]

    answer = await http.post(f"{address}/retry")

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/not-finished"


async def test_a_job_whose_unique_key_was_taken_meanwhile_cannot_be_retried(http: httpx.AsyncClient) -> None:
    # Given
    body = probe(options={"unique_key": "one"})
    first = (await http.post("/v1/jobs", json=body)).headers["location"]
    await http.delete(first)
    second = (await http.post("/v1/jobs", json=body)).headers["location"]

    # When
    answer = await http.post(f"{first}/retry")

    # Then
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/duplicate-job"
    assert answer.headers["location"] == second


@pytest.mark.parametrize(("method", "part"), [("DELETE", ""), ("POST", "/retry")])
async def test_an_unknown_job_cannot_be_controlled(http: httpx.AsyncClient, method: str, part: str) -> None:
    answer = await http.request(method, f"/v1/jobs/nobody{part}")

    assert answer.status_code == 404


async def test_a_job_that_succeeded_shows_its_result_and_history(
    http: httpx.AsyncClient, worker: Worker
) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]

    # When
    job = await ended(http, address)
    result = await http.get(f"{address}/result")

    # Then
    assert job["state"] == "succeeded"
    assert job["result"] == result.json() == {"attempt": 1, "seconds": 0.0}
    assert [attempt["worker"] for attempt in job["history"]] == [worker.name]
    assert job["error"] is None


async def test_a_job_that_succeeded_cannot_be_retried(http: httpx.AsyncClient, worker: Worker) -> None:
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    await ended(http, address)

    answer = await http.post(f"{address}/retry")

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/already-finished"


async def test_a_job_that_failed_says_why_and_has_no_result(http: httpx.AsyncClient, worker: Worker) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe(fail="permanent"))).headers["location"]

    # When
    job = await ended(http, address)
    result = await http.get(f"{address}/result")

    # Then
    assert job["state"] == "failed"
    assert job["error"]["type"] == "/problems/handler-failed"
    assert job["error"]["retryable"] is False
    assert result.status_code == 404


async def test_a_running_job_is_cancelled_through_its_worker(http: httpx.AsyncClient, worker: Worker) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe(seconds=600))).headers["location"]
    async with asyncio.timeout(10):
        while (await http.get(address)).json()["state"] != "running":
            await asyncio.sleep(0.02)

    # When
    answer = await http.delete(address)
    job = await ended(http, address)

    # Then
    assert answer.status_code == 202
    assert job["state"] == "cancelled"
