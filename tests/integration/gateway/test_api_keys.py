"""A gateway that asks for API keys: who gets in, what they may do there, and that nobody sees what is not theirs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from tests.integration.gateway.bodies import probe
from tests.integration.gateway.keys import KEYS, bearer, gateway_with
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.api_keys import Scope, new_key


@dataclass(frozen=True)
class Operation:
    """A method and an address that the OpenAPI document says ask for a key."""

    method: str
    path: str


@pytest.fixture
def http(guarded: ServiceProcess, redis_server: RedisServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.url, timeout=20) as client:
        yield client


def operations(http: httpx.Client) -> dict[Operation, Scope]:
    """Every operation with the one scope that it takes; addresses are filled in with a job that is not there."""
    document = http.get("/openapi.json").json()
    return {
        Operation(method.upper(), re.sub(r"\{.*?\}", "x", path)): Scope(
            requirement["security"][0]["api_key"][0]
        )
        for path, methods in document["paths"].items()
        for method, requirement in methods.items()
        if "security" in requirement
    }


def assert_refused(answer: httpx.Response, status: int, code: str, challenge: str) -> None:
    assert answer.status_code == status, answer.request
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == f'Bearer realm="afterwork"{challenge}'
    if answer.request.method != "HEAD":
        assert answer.json()["type"] == f"/problems/{code}"


def test_every_operation_refuses_a_caller_without_a_key(http: httpx.Client) -> None:
    assert len(operations(http)) >= 10
    for operation in operations(http):
        answer = http.request(operation.method, operation.path)

        assert_refused(answer, 401, "unauthenticated", "")


def test_every_operation_refuses_a_wrong_key(http: httpx.Client) -> None:
    for operation in operations(http):
        answer = http.request(operation.method, operation.path, headers=bearer(new_key()))

        assert_refused(answer, 401, "unauthenticated", ', error="invalid_token"')


def test_every_operation_refuses_a_key_without_its_scope_and_names_that(http: httpx.Client) -> None:
    for operation, scope in operations(http).items():
        for other in {"submit", "read", "control"} - {scope}:
            answer = http.request(operation.method, operation.path, headers=bearer(KEYS[other]))

            assert_refused(answer, 403, "missing-scope", f', error="insufficient_scope", scope="{scope}"')
            assert operation.method == "HEAD" or scope in answer.json()["detail"]


def test_every_operation_serves_a_key_with_its_scope_and_one_of_an_administrator(http: httpx.Client) -> None:
    for operation, scope in operations(http).items():
        for name in (scope, "admin"):
            request = http.stream(operation.method, operation.path, headers=bearer(KEYS[name]))
            with request as answer:  # which may have no end
                assert answer.status_code < 500, answer.read()
                assert answer.status_code not in {401, 403}, operation


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/process", "/send-notification", "/docs/x"])
def test_an_address_where_nothing_is_says_so_only_to_those_with_a_key(http: httpx.Client, path: str) -> None:
    assert http.post(path).status_code == 401
    assert http.post(path, headers=bearer(KEYS["read"])).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/openapi.json", "/docs", "/problems/unauthenticated", "/docs/oauth2-redirect"],
)
def test_what_anybody_may_know_needs_no_key(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 200


def test_metrics_are_open_to_all_by_setting_alone(http: httpx.Client, redis_server: RedisServer) -> None:
    with gateway_with(redis_server, "read", AFTERWORK_GATEWAY__METRICS="public") as gateway:
        assert httpx.get(f"{gateway.url}/metrics").status_code == 200
        assert httpx.get(f"{gateway.url}/v1/jobs").status_code == 401
    assert http.get("/metrics").status_code == 401
    assert http.get("/metrics", headers=bearer(KEYS["read"])).status_code == 200


def test_metrics_show_refusals_and_no_key(http: httpx.Client) -> None:
    http.get("/v1/jobs", headers=bearer("aw_wrong"))

    text = http.get("/metrics", headers=bearer(KEYS["read"])).text

    assert re.search(r'requests_total\{method="GET",route="none",status="401"\} [1-9]', text)
    assert "aw_" not in text


def test_a_revoked_key_is_a_wrong_one(redis_server: RedisServer) -> None:
    # Given
    with gateway_with(redis_server, "shop", "till") as gateway:
        assert httpx.get(f"{gateway.url}/v1/jobs", headers=bearer(KEYS["shop"])).status_code == 200

    # When
    with gateway_with(redis_server, "till") as gateway:
        revoked = httpx.get(f"{gateway.url}/v1/jobs", headers=bearer(KEYS["shop"]))
        other = httpx.get(f"{gateway.url}/v1/jobs", headers=bearer(KEYS["till"]))

    # Then
    assert_refused(revoked, 401, "unauthenticated", ', error="invalid_token"')
    assert other.status_code == 200


def test_idempotency_keys_of_two_callers_do_not_meet(http: httpx.Client) -> None:
    # Given
    def submit(name: str, seconds: float) -> httpx.Response:
        headers = {**bearer(KEYS[name]), "Idempotency-Key": '"one"'}
        return http.post("/v1/jobs", json=probe(seconds=seconds), headers=headers)

    # When
    mine, theirs, repeated, changed = (
        submit("shop", 0),
        submit("till", 5),
        submit("shop", 0),
        submit("till", 6),
    )

    # Then
    assert [answer.status_code for answer in (mine, theirs, repeated, changed)] == [202, 202, 202, 422]
    assert mine.json()["id"] != theirs.json()["id"]
    assert mine.json()["id"] == repeated.json()["id"]
    assert "idempotency-replayed" not in theirs.headers


def test_unique_keys_of_two_callers_do_not_meet(http: httpx.Client) -> None:
    # Given
    def submit(name: str) -> httpx.Response:
        return http.post("/v1/jobs", json=probe(options={"unique_key": "one"}), headers=bearer(KEYS[name]))

    # When
    mine, theirs, again = submit("shop"), submit("till"), submit("shop")

    # Then
    assert [answer.status_code for answer in (mine, theirs, again)] == [202, 202, 409]
    assert again.headers["location"] == mine.headers["location"]


def test_a_unique_key_is_free_again_for_its_own_caller_only(http: httpx.Client) -> None:
    # Given
    def submit(name: str) -> httpx.Response:
        return http.post("/v1/jobs", json=probe(options={"unique_key": "one"}), headers=bearer(KEYS[name]))

    mine = submit("shop").headers["location"]
    submit("till")

    # When
    assert http.delete(mine, headers=bearer(KEYS["shop"])).status_code == 202

    # Then
    assert submit("till").status_code == 409
    assert submit("shop").status_code == 202
    assert http.post(f"{mine}/retry", headers=bearer(KEYS["shop"])).status_code == 409
