"""A gateway that asks for API keys, before any of them is looked at: where it listens, and what it does not read."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping

import httpx
import pytest
from tests.integration.gateway.keys import ENTRIES, KEYS, bearer, gateway_with
from tests.processes import ServiceProcess
from tests.servers import RedisServer, wait_until

READ = b"Authorization: Bearer %s\r\n" % KEYS["read"].encode()


@pytest.mark.parametrize(
    "headers",
    [
        b"Authorization:\r\n",
        b"Authorization: Bearer\r\n",
        b"Authorization: Basic YTpi\r\n",
        b"Authorization: Bearer \xff\xfe\r\n",
        b"Authorization: Bearer a b c\r\n",
        b"Authorization: Bearer a\r\nAuthorization: Bearer a\r\n",
        pytest.param(READ + b"Authorization: x\r\n", id="a known key and another header"),
        pytest.param(READ + READ, id="a known key twice"),
        pytest.param(b"authorization: bearer " + b"a" * 5_000 + b"\r\n", id="5,000 characters"),
    ],
)
def test_any_odd_header_is_refused_with_a_challenge(guarded: ServiceProcess, headers: bytes) -> None:
    with connected(guarded) as connection:
        connection.sendall(b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")

        answer = connection.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'www-authenticate: Bearer realm="afterwork"' in answer


def test_a_header_of_a_mebibyte_is_refused_and_costs_nothing(
    guarded: ServiceProcess,
) -> None:
    with connected(guarded) as connection:
        connection.sendall(
            b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"a" * 2**20 + b"\r\n\r\n"
        )

        answer = connection.recv(10_000)

    assert re.match(rb"HTTP/1.1 4\d\d ", answer)
    assert httpx.get(f"{guarded.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 1000000", b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"]
)
@pytest.mark.parametrize("key", [b"", b"Authorization: Bearer aw_wrong\r\n"])
def test_a_body_that_comes_without_a_key_is_refused_unread(
    guarded: ServiceProcess, framing: bytes, key: bytes
) -> None:
    with connected(guarded) as connection:
        # Given a head, and nothing of the body that it announces
        head = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        connection.sendall(head + key + framing + b"\r\n\r\n")

        # When
        answer = connection.recv(10_000)

    # Then
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in answer


def test_a_body_of_a_caller_without_the_scope_is_refused_unread(guarded: ServiceProcess) -> None:
    with connected(guarded) as connection:
        connection.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: 1000000\r\n" + READ + b"\r\n"
        )

        answer = connection.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0"])
def test_without_keys_nobody_else_can_reach_the_gateway(host: str) -> None:
    ended = run_gateway({"AFTERWORK_GATEWAY__HOST": host})

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    for named_there in (f"AFTERWORK_GATEWAY__HOST: {host}", "AFTERWORK_API_KEYS", "afterwork keys create"):
        assert named_there in ended.stderr


def test_with_keys_it_may_listen_everywhere(redis_server: RedisServer) -> None:
    with gateway_with(redis_server, "read", AFTERWORK_GATEWAY__HOST="0.0.0.0") as gateway:
        port = httpx.URL(gateway.url).port
        assert gateway.url == f"http://0.0.0.0:{port}"
        assert httpx.get(f"http://127.0.0.1:{port}/v1/jobs").status_code == 401
        assert httpx.get(f"http://127.0.0.1:{port}/v1/jobs", headers=bearer(KEYS["read"])).status_code == 200


def test_wrong_keys_stop_the_start_with_one_line_that_does_not_repeat_them() -> None:
    ended = run_gateway({"AFTERWORK_API_KEYS": f"{ENTRIES['shop']} {ENTRIES['shop']}"})

    assert ended.returncode == 2
    assert ended.stderr == "afterwork: AFTERWORK_API_KEYS: two keys have the name shop\n"


@pytest.mark.parametrize("service", ["notifier", "processor", "archiver"])
def test_the_other_services_leave_the_keys_alone(redis_server: RedisServer, service: str) -> None:
    settings = {"AFTERWORK_REDIS__URL": redis_server.url, "AFTERWORK_API_KEYS": "not even keys"}
    with ServiceProcess(service, None, **settings) as process:
        wait_until(lambda: httpx.get(f"{process.url}/readyz").status_code == 200, what="the service is ready")


def connected(gateway: ServiceProcess) -> socket.socket:
    url = httpx.URL(gateway.url)
    return socket.create_connection((url.host, url.port or 80), timeout=5)


def run_gateway(settings: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORK_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway"],
        env={**inherited, **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
