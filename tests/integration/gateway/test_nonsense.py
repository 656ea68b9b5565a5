"""Requests that make no sense, sent to a real gateway: each gets a problem document, none costs it anything."""

from collections.abc import Iterator

import httpx
import pytest
from tests.integration.gateway.nonsense import (
    BODIES,
    CHANGES,
    GOOD,
    HEADERS,
    JSON,
    METHODS,
    MIB,
    PATHS,
    Nonsense,
)

pytestmark = pytest.mark.usefixtures("no_traceback")


@pytest.mark.parametrize(
    "nonsense", [*BODIES, *CHANGES, *HEADERS, *PATHS, *METHODS], ids=lambda nonsense: nonsense.name
)
def test_nonsense_is_answered_by_a_problem(nonsense: Nonsense, gateway_http: httpx.Client) -> None:
    # When
    answer = gateway_http.request(
        nonsense.method, nonsense.path, content=nonsense.body, headers=nonsense.headers
    )

    # Then
    problem = answer.json()
    assert answer.status_code == nonsense.status, problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"/problems/{nonsense.code}"
    assert problem["status"] == nonsense.status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    if nonsense.pointer is not None:
        assert [error["pointer"] for error in problem["errors"]] == [nonsense.pointer]
        assert all(error["detail"] for error in problem["errors"])
    assert ("allow" in answer.headers) == (nonsense.status == 405)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/jobs", {"GET", "POST"}),
        ("/v1/jobs/x", {"DELETE", "GET", "PATCH"}),
        ("/v1/jobs/x/retry", {"POST"}),
        ("/v1/ledger", {"GET"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ],
)
def test_a_refused_method_comes_with_all_that_are_allowed(
    gateway_http: httpx.Client, path: str, methods: set[str]
) -> None:
    answer = gateway_http.put(path)

    assert set(answer.headers["allow"].split(", ")) == methods


def test_a_body_that_never_says_its_length_is_limited_all_the_same(gateway_http: httpx.Client) -> None:
    # Given
    def chunks() -> Iterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    # When
    answer = gateway_http.post("/v1/jobs", content=chunks(), headers=JSON)

    # Then
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/payload-too-large"


def test_a_body_of_exactly_the_limit_is_read(gateway_http: httpx.Client) -> None:
    answer = gateway_http.post("/v1/jobs", content=GOOD + b" " * (MIB - len(GOOD)), headers=JSON)

    assert answer.status_code == 202


def test_many_faults_of_one_body_are_told_together_up_to_a_limit(gateway_http: httpx.Client) -> None:
    # Given
    body = {"kind": "probe.run", "payload": {str(number): 1 for number in range(5_000)}}

    # When
    answer = gateway_http.post("/v1/jobs", json=body)

    # Then
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert len(pointers) == len(set(pointers)) == 50


def test_a_charset_of_utf_8_is_accepted(gateway_http: httpx.Client) -> None:
    answer = gateway_http.post(
        "/v1/jobs", content=GOOD, headers={"Content-Type": 'Application/JSON; charset="UTF-8"'}
    )

    assert answer.status_code == 202
