"""`Prefer: wait=N`: an answer when the job has ended, as soon as that, and no later than the client would wait."""

import asyncio
import time

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.talks import working
from tests.servers import RedisServer

from afterwork.engine import JobClient, JobRouter
from afterwork.engine.work.worker import Worker

AT_ONCE = 1.0
"""Seconds; far less than any wait asked for here."""


async def test_a_job_that_ends_in_time_is_the_answer(http: httpx.AsyncClient, worker: Worker) -> None:
    answer = await http.post("/v1/jobs", json=probe(), headers={"Prefer": "respond-async, wait=30"})

    assert answer.status_code == 200
    assert answer.json()["state"] == "succeeded"
    assert answer.json()["result"] == {"attempt": 1, "seconds": 0.0}
    assert answer.headers["location"] == answer.json()["links"]["self"]
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["vary"] == "Prefer"
    assert "retry-after" not in answer.headers
    assert answer.elapsed.total_seconds() < 10


async def test_a_job_that_fails_in_time_is_the_answer_too(http: httpx.AsyncClient, worker: Worker) -> None:
    answer = await http.post("/v1/jobs", json=probe(fail="permanent"), headers={"Prefer": "wait=30"})

    assert answer.status_code == 200
    assert answer.json()["error"]["type"] == "/problems/handler-failed"


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_job_that_does_not_end_in_time_is_accepted(http: httpx.AsyncClient, seconds: int) -> None:
    # Given
    began = time.monotonic()

    # When
    answer = await http.post("/v1/jobs", json=probe(), headers={"Prefer": f"wait={seconds}"})

    # Then
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert answer.headers["preference-applied"] == f"wait={seconds}"
    assert answer.headers["retry-after"] == "1"
    assert seconds <= time.monotonic() - began < seconds + AT_ONCE


async def test_the_job_is_shown_as_it_is_when_the_wait_is_over(
    http: httpx.AsyncClient, worker: Worker
) -> None:
    answer = await http.post("/v1/jobs", json=probe(seconds=600), headers={"Prefer": "wait=1"})

    assert answer.status_code == 202
    assert answer.json()["state"] == "running"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        (None, None),
        ("return=minimal", None),
        ("wait=soon", None),
        ("respond-async", "respond-async"),
    ],
)
async def test_who_does_not_want_to_wait_is_answered_at_once(
    http: httpx.AsyncClient, prefer: str | None, applied: str | None
) -> None:
    # Given
    headers = {} if prefer is None else {"Prefer": prefer}

    # When
    answer = await http.post("/v1/jobs", json=probe(), headers=headers)

    # Then
    assert answer.status_code == 202
    assert answer.headers.get("preference-applied") == applied
    assert answer.headers["vary"] == "Prefer"


async def test_a_wait_beyond_the_longest_is_cut_and_says_so(http: httpx.AsyncClient, worker: Worker) -> None:
    answer = await http.post("/v1/jobs", json=probe(), headers={"Prefer": "wait=86400"})

    assert answer.headers["preference-applied"] == "wait=60"


async def test_a_repeated_request_waits_for_the_job_of_the_first(
    http: httpx.AsyncClient, redis_server: RedisServer
) -> None:
    # Given
    headers = {"Idempotency-Key": '"once"', "Prefer": "wait=30"}
    first = await http.post("/v1/jobs", json=probe(), headers={"Idempotency-Key": '"once"'})
    again = asyncio.create_task(http.post("/v1/jobs", json=probe(), headers=headers))

    # When
    async with working(redis_server, JobRouter("notifier")):
        answer = await again

    # Then
    assert answer.status_code == 200
    assert answer.headers["idempotency-replayed"] == "true"
    assert answer.json()["id"] == first.json()["id"]


async def test_a_look_at_a_job_waits_for_its_end(http: httpx.AsyncClient, jobs: JobClient) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    look = asyncio.create_task(http.get(address, headers={"Prefer": "wait=30"}))
    await asyncio.wait([look], timeout=0.2)
    assert not look.done()

    # When
    began = time.monotonic()
    await http.delete(address)
    answer = await look

    # Then
    assert time.monotonic() - began < AT_ONCE
    assert answer.status_code == 200
    assert answer.json()["state"] == "cancelled"
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["vary"] == "Prefer"


async def test_a_look_shows_the_job_as_it_is_when_the_wait_is_over(http: httpx.AsyncClient) -> None:
    address = (await http.post("/v1/jobs", json=probe(options={"delay": 900}))).headers["location"]

    answer = await http.get(address, headers={"Prefer": "wait=1"})

    assert answer.status_code == 200
    assert answer.json()["state"] == "scheduled"
    assert int(answer.headers["retry-after"]) > 800


async def test_a_look_at_a_job_that_has_ended_does_not_wait(http: httpx.AsyncClient) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    ended = await http.delete(address)

    # When
    began = time.monotonic()
    answer = await http.get(address, headers={"Prefer": "wait=30", "If-None-Match": ended.headers["etag"]})

    # Then
    assert time.monotonic() - began < AT_ONCE
    assert answer.status_code == 304


async def test_nobody_waits_for_an_unknown_job(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/jobs/nobody", headers={"Prefer": "wait=30"})

    assert answer.status_code == 404
    assert answer.elapsed.total_seconds() < AT_ONCE
