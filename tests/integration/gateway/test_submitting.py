"""`POST /v1/jobs`: accepted means stored, once, and told in full."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from tests.integration.gateway.bodies import probe
from tests.servers import RedisServer

from afterwork.engine import JobClient


async def test_a_job_is_accepted_only_when_it_is_stored(http: httpx.AsyncClient, jobs: JobClient) -> None:
    # Given / When
    answer = await http.post("/v1/jobs", json=probe(seconds=2))

    # Then
    body = answer.json()
    stored = await jobs.get(body["id"])
    assert answer.status_code == 202
    assert answer.headers["location"] == body["links"]["self"] == f"/v1/jobs/{stored.id}"
    assert answer.headers["retry-after"] == "1"
    assert body["state"] == "queued"
    assert body["durability"] == "fsync"
    assert (
        await jobs.payload(stored.id) == probe(seconds=2, mode="async", megabytes=0, fail="never")["payload"]
    )


async def test_the_answer_is_the_job_as_it_is_read_later(http: httpx.AsyncClient) -> None:
    accepted = await http.post("/v1/jobs", json=probe(options={"priority": "high", "unique_key": "k"}))

    read = await http.get(accepted.headers["location"])

    assert read.json() == accepted.json()


async def test_times_are_in_utc_and_a_delayed_job_is_scheduled(http: httpx.AsyncClient) -> None:
    # Given
    before = datetime.now(UTC)

    # When
    answer = await http.post("/v1/jobs", json=probe(options={"delay": 90}))

    # Then
    body = answer.json()
    assert body["state"] == "scheduled"
    assert body["run_at"].endswith("Z")
    assert datetime.fromisoformat(body["run_at"]) >= before + timedelta(seconds=89)
    assert 85 <= int(answer.headers["retry-after"]) <= 91


async def test_a_time_with_an_offset_is_the_same_moment_in_utc(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/jobs", json=probe(options={"run_at": "2199-01-01T01:30:00+01:30"}))

    assert answer.json()["run_at"] == "2199-01-01T00:00:00Z"


async def test_a_second_live_job_with_the_same_unique_key_is_refused_and_names_the_first(
    http: httpx.AsyncClient,
) -> None:
    # Given
    first = await http.post("/v1/jobs", json=probe(options={"unique_key": "nightly"}))

    # When
    second = await http.post("/v1/jobs", json=probe(options={"unique_key": "nightly"}))

    # Then
    assert second.status_code == 409
    assert second.json()["type"] == "/problems/duplicate-job"
    assert second.headers["location"] == first.headers["location"]


async def test_the_same_request_under_the_same_idempotency_key_is_one_job(
    http: httpx.AsyncClient, jobs: JobClient
) -> None:
    # Given
    headers = {"Idempotency-Key": '"8e03978e"'}
    first = await http.post("/v1/jobs", json=probe(), headers=headers)

    # When
    again = await http.post("/v1/jobs", json=probe(), headers=headers)

    # Then
    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await jobs.ledger()).accepted == 1


async def test_a_bare_idempotency_key_is_the_same_as_a_quoted_one(http: httpx.AsyncClient) -> None:
    first = await http.post("/v1/jobs", json=probe(), headers={"Idempotency-Key": '"abc"'})

    again = await http.post("/v1/jobs", json=probe(), headers={"Idempotency-Key": "abc"})

    assert again.json()["id"] == first.json()["id"]


async def test_an_idempotency_key_refuses_another_body(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": '"once"'}
    await http.post("/v1/jobs", json=probe(seconds=1), headers=headers)

    other = await http.post("/v1/jobs", json=probe(seconds=2), headers=headers)

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-mismatch"


async def test_what_was_refused_under_an_idempotency_key_may_be_corrected(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": '"corrected"'}
    await http.post("/v1/jobs", json=probe(seconds="1"), headers=headers)

    corrected = await http.post("/v1/jobs", json=probe(seconds=1), headers=headers)

    assert corrected.status_code == 202


async def test_concurrent_submissions_share_calls_to_redis(
    http: httpx.AsyncClient, redis_server: RedisServer
) -> None:
    # Given
    submissions = 200

    # When
    answers = await asyncio.gather(*(http.post("/v1/jobs", json=probe()) for _ in range(submissions)))

    # Then
    with redis_server.client() as client:
        calls = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == submissions
    assert calls < submissions / 5


async def test_a_full_redis_refuses_new_jobs_and_keeps_those_it_has(
    http: httpx.AsyncClient, redis_server: RedisServer
) -> None:
    # Given
    accepted = await http.post("/v1/jobs", json=probe())
    with redis_server.client() as client:
        client.config_set("maxmemory", "1")

        # When
        try:
            refused = await http.post("/v1/jobs", json=probe())
            read = await http.get(accepted.headers["location"])
        finally:
            client.config_set("maxmemory", "0")

    # Then
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/queue-full"
    assert int(refused.headers["retry-after"]) > 0
    assert read.status_code == 200
