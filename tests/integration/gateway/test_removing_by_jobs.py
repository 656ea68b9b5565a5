"""A job that removes objects takes the scope that removing them takes, however it is submitted."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.keys import KEYS, bearer
from tests.processes import ServiceProcess
from tests.servers import RedisServer

ARCHIVE = {"source": "inbox/a", "destination": "archive/a"}
REMOVING = ARCHIVE | {"delete_source": "after_verify"}
OPEN = ARCHIVE | {"delete_source": "{result.mode}"}


def followed_by(*payloads: dict[str, str]) -> dict[str, Any]:
    """A probe, and archives after it, one after the other."""
    then: list[dict[str, Any]] = []
    for payload in reversed(payloads):
        then = [{"kind": "object.archive", "payload": payload, "options": {"then": then}}]
    return probe(options={"then": then})


@pytest.fixture
def http(guarded: ServiceProcess, redis_server: RedisServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.url, timeout=20) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/archives", REMOVING),
        ("/v1/jobs", {"kind": "object.archive", "payload": REMOVING}),
        ("/v1/jobs", followed_by(REMOVING)),
        ("/v1/jobs", followed_by(ARCHIVE, REMOVING)),
        ("/v1/jobs", followed_by(OPEN)),
    ],
)
def test_who_may_only_submit_removes_nothing(http: httpx.Client, path: str, body: dict[str, Any]) -> None:
    refused = http.post(path, json=body, headers=bearer(KEYS["submit"]))
    accepted = http.post(path, json=body, headers=bearer(KEYS["shop"]))

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/missing-scope")
    assert "control" in refused.json()["detail"]
    assert accepted.status_code == 202, accepted.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/archives", ARCHIVE),
        ("/v1/archives", ARCHIVE | {"delete_source": "never"}),
        ("/v1/jobs", followed_by(ARCHIVE)),
    ],
)
def test_what_removes_nothing_takes_submit_alone(http: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = http.post(path, json=body, headers=bearer(KEYS["submit"]))

    assert answer.status_code == 202, answer.text
