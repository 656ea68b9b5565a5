"""What operators look at: kinds, queues, ledger, problem pages, health, readiness and metrics."""

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.servers import RedisServer

from afterwork.errors import problem_types


async def test_every_kind_is_listed_with_its_schema_queue_and_defaults(http: httpx.AsyncClient) -> None:
    kinds = {kind["kind"]: kind for kind in (await http.get("/v1/kinds")).json()["kinds"]}

    assert kinds["probe.run"]["queue"] is None
    assert kinds["probe.run"]["defaults"] == {"max_attempts": 5, "timeout": 300.0}
    assert kinds["probe.run"]["schema"]["properties"]["seconds"]["maximum"] == 86_400


async def test_queues_say_what_waits(http: httpx.AsyncClient) -> None:
    # Given
    await http.post("/v1/jobs", json=probe())
    await http.post("/v1/jobs", json=probe(options={"delay": 60}))

    # When
    (queue,) = (await http.get("/v1/queues")).json()["queues"]

    # Then
    assert (queue["name"], queue["waiting"], queue["due"], queue["running"]) == ("notifier", 2, 1, 0)
    assert queue["oldest_due_age"] >= 0
    assert [counts["kind"] for counts in queue["kinds"]] == ["probe.run"]


async def test_the_ledger_balances(http: httpx.AsyncClient) -> None:
    # Given
    await http.post("/v1/jobs", json=probe())
    await http.delete((await http.post("/v1/jobs", json=probe())).headers["location"])

    # When
    ledger = (await http.get("/v1/ledger")).json()

    # Then
    assert (ledger["accepted"], ledger["queued"], ledger["cancelled"], ledger["imbalance"]) == (2, 1, 1, 0)


@pytest.mark.parametrize("code", sorted({error.code for error in problem_types()}))
async def test_every_problem_type_has_a_page(http: httpx.AsyncClient, code: str) -> None:
    page = await http.get(f"/problems/{code}")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert f"<h1>{code}: " in page.text


async def test_an_unknown_problem_type_has_no_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/problems/<script>")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_health_depends_on_nothing(http: httpx.AsyncClient) -> None:
    answer = await http.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_readiness_gives_the_reason_of_each_dependency(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")

    redis = answer.json()["dependencies"]["redis"]
    assert answer.status_code == 200
    assert redis["ready"] is True
    assert redis["durability"] == "fsync"
    assert redis["version"]


async def test_readiness_says_when_redis_would_forget(
    http: httpx.AsyncClient, redis_server: RedisServer
) -> None:
    # Given
    with redis_server.client() as client:
        client.config_set("appendfsync", "everysec")

        # When
        try:
            answer = await http.get("/readyz")
        finally:
            client.config_set("appendfsync", "always")

    # Then
    assert answer.status_code == 200
    assert "second" in answer.json()["dependencies"]["redis"]["reason"]


async def test_metrics_count_requests_and_show_the_queues(http: httpx.AsyncClient) -> None:
    # Given
    address = (await http.post("/v1/jobs", json=probe())).headers["location"]
    await http.get(address)
    await http.get("/no/such/route")

    # When
    metrics = await http.get("/metrics")

    # Then
    lines = metrics.text.splitlines()
    requests = 'afterwork_http_requests_total{method="%s",route="%s",status="%d"} 1.0'
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert requests % ("POST", "/v1/jobs", 202) in lines
    assert requests % ("GET", "/v1/jobs/{job_id}", 200) in lines
    assert requests % ("GET", "none", 404) in lines
    assert "afterwork_ledger_imbalance 0.0" in lines
    assert 'afterwork_jobs_waiting{kind="probe.run",queue="notifier"} 1.0' in lines
