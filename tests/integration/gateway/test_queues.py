"""`/v1/queues/{queue}`: pause, resume and limits over HTTP."""

import httpx
import pytest
from tests.integration.gateway.bodies import probe

from afterwork.contracts.probe import ProbeRun
from afterwork.engine import JobClient

QUEUE = "/v1/queues/notifier"
LIMITS = f"{QUEUE}/limits/probe.run"


@pytest.fixture(autouse=True)
async def known(jobs: JobClient) -> None:
    """The queue has had a worker."""
    await jobs.declare("notifier", [ProbeRun.meta])


async def shown(http: httpx.AsyncClient) -> dict[str, object]:
    (queue,) = (await http.get("/v1/queues")).json()["queues"]
    return dict(queue)


async def test_a_queue_is_paused_and_resumed_however_often(http: httpx.AsyncClient) -> None:
    await http.post("/v1/jobs", json=probe())

    for action, paused in [("pause", True), ("pause", True), ("resume", False), ("resume", False)]:
        answer = await http.post(f"{QUEUE}/{action}")

        assert answer.status_code == 200
        assert answer.json()["paused"] is paused
        assert answer.json()["waiting"] == 1
        assert (await shown(http))["paused"] is paused


async def test_one_kind_is_paused(http: httpx.AsyncClient) -> None:
    queue = (await http.post(f"{QUEUE}/pause", json={"kind": "probe.run"})).json()

    assert (queue["paused"], queue["kinds"][0]["paused"]) == (False, True)
    assert (await http.post(f"{QUEUE}/resume", json={"kind": "probe.run"})).json() == await shown(http)
    assert (await http.post(f"{QUEUE}/pause", json={"kind": None})).json()["paused"] is True


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        ({"max_running": 5}, {"max_running": 5, "max_per_second": None}),
        ({"max_per_second": 0.2}, {"max_running": None, "max_per_second": 0.2}),
        ({"max_running": 1, "max_per_second": 100}, {"max_running": 1, "max_per_second": 100.0}),
        ({"max_running": None}, {"max_running": None, "max_per_second": None}),
    ],
)
async def test_limits_are_set_and_given_back(
    http: httpx.AsyncClient, body: dict[str, object], limits: dict[str, object]
) -> None:
    for _ in range(2):
        (kind,) = (await http.put(LIMITS, json=body)).json()["kinds"]
        assert (kind["limits"], kind["limits_from"]) == (limits, "operator")

    for _ in range(2):
        (kind,) = (await http.delete(LIMITS)).json()["kinds"]
        assert (kind["limits"], kind["limits_from"]) == (
            {"max_running": None, "max_per_second": None},
            "contract",
        )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"max_running": 0}, "/max_running"),
        ({"max_running": 1.5}, "/max_running"),
        ({"max_running": "5"}, "/max_running"),
        ({"max_per_second": 0}, "/max_per_second"),
        ({"max_per_second": 2.5}, "/max_per_second"),
        ({"max_per_second": -1}, "/max_per_second"),
        ({"max_per_second": 1e9}, "/max_per_second"),
        ({"per_hour": 5}, "/per_hour"),
    ],
)
async def test_limits_that_cannot_be_kept_are_refused(
    http: httpx.AsyncClient, body: dict[str, object], pointer: str
) -> None:
    answer = await http.put(LIMITS, json=body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-payload")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/queues/nobody/pause", None),
        ("POST", "/v1/queues/nobody/resume", None),
        ("POST", f"{QUEUE}/pause", {"kind": "nothing.known"}),
        ("PUT", "/v1/queues/nobody/limits/probe.run", {}),
        ("PUT", f"{QUEUE}/limits/nothing.known", {}),
        ("DELETE", f"{QUEUE}/limits/nothing.known", None),
    ],
)
async def test_what_nobody_knows_is_not_found(
    http: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await http.request(method, path, json=body)

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_body_that_is_no_json_is_refused(http: httpx.AsyncClient) -> None:
    plain = await http.post(f"{QUEUE}/pause", content="kind=x", headers={"Content-Type": "text/plain"})
    broken = await http.post(f"{QUEUE}/pause", content="{", headers={"Content-Type": "application/json"})

    assert (plain.status_code, broken.status_code) == (415, 400)
    assert (await shown(http))["paused"] is False
