"""The store `receipts` is written by the services alone: clients read it, and an administrator may tidy it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.integration.gateway.keys import KEYS, bearer, gateway_with
from tests.processes import ServiceProcess
from tests.servers import RedisServer

FORGED = b'{"objects":{}}'


@pytest.fixture
def receipt(tmp_path: Path) -> Path:
    """One that a service has left."""
    path = tmp_path / "receipts" / "job.json"
    path.parent.mkdir()
    path.write_bytes(b"{}")
    return path


@pytest.fixture
def http(redis_server: RedisServer, receipt: Path) -> Iterator[httpx.Client]:
    url = f"file://{receipt.parent}"
    with (
        gateway_with(redis_server, *KEYS, AFTERWORK_STORES__RECEIPTS__URL=url) as gateway,
        httpx.Client(base_url=gateway.url, timeout=20) as client,
    ):
        yield client


def test_a_client_reads_receipts_and_neither_forges_nor_removes_them(
    http: httpx.Client, receipt: Path
) -> None:
    shop = bearer(KEYS["shop"])

    answers = [
        http.put("/v1/objects/receipts/job.json", content=FORGED, headers=shop),
        http.put("/v1/objects/receipts/archives/new.ndjson", content=FORGED, headers=shop),
        http.delete("/v1/objects/receipts/job.json", headers=shop),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert {answer.json()["type"] for answer in answers} == {"/problems/bad-parameter"}
    assert http.get("/v1/objects/receipts/job.json", headers=shop).content == b"{}"
    assert [path.name for path in receipt.parent.rglob("*.*json*")] == ["job.json"]


def test_an_administrator_may_put_and_remove_there(http: httpx.Client, receipt: Path) -> None:
    admin = bearer(KEYS["admin"])

    assert http.put("/v1/objects/receipts/job.json", content=FORGED, headers=admin).status_code == 200
    assert http.delete("/v1/objects/receipts/job.json", headers=admin).status_code == 204
    assert not receipt.exists()


def test_where_nobody_has_a_key_nobody_is_an_administrator(redis_server: RedisServer, receipt: Path) -> None:
    settings = {
        "AFTERWORK_REDIS__URL": redis_server.url,
        "AFTERWORK_STORES__RECEIPTS__URL": f"file://{receipt.parent}",
    }
    with (
        ServiceProcess("gateway", None, **settings) as gateway,
        httpx.Client(base_url=gateway.url, timeout=20) as client,
    ):
        answer = client.delete("/v1/objects/receipts/job.json")

    assert answer.status_code == 400
    assert receipt.exists()
